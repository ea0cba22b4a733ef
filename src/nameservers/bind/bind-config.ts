import { keyClause, type RndcKey } from './rndc-key.js';
import type { DnsAddress } from '../nameserver.js';

/** A string of named.conf. */
function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** The clause that names a zone's master file, as we write it and as named shows it. */
export function fileClause(file: string): string {
  return `file ${quote(file)};`;
}

/**
 * The body of a zone's statement, for `addzone` and the include file alike. Zones were checked by our own rules before, which
 * allow what hosting customers have: owners with `_`, and delegations whose addresses are elsewhere.
 */
export function zoneBody(file: string): string {
  return `{ type primary; ${fileClause(file)} check-names ignore; check-integrity no; };`;
}

const NOTICE = '// Written by dns-cluster. Changes made here are lost.\n';

/** Text of the file that includes these files. */
export function partsText(files: readonly string[]): string {
  return NOTICE + files.map((file) => `include ${quote(file)};\n`).join('');
}

/** Text of one of them: one line for each zone. */
export function includeText(zones: Iterable<readonly [name: string, file: string]>): string {
  const lines = [NOTICE];
  for (const [name, file] of zones) lines.push(`zone "${name}" ${zoneBody(file)}\n`);
  return lines.join('');
}

const STATEMENT = /^zone "([^"]+)" \{ type primary; file "((?:[^"\\]|\\.)*)";/gm;

/** Zones and their files of a text that `includeText` made. */
export function* includedZones(text: string): Generator<[name: string, file: string]> {
  for (const [, name = '', file = ''] of text.matchAll(STATEMENT)) yield [name, file.replace(/\\(.)/g, '$1')];
}

/**
 * The whole configuration of a private named: answers on one loopback address, with authority only, and keeps every file it
 * writes inside `folder`.
 */
export function privateConfiguration(of: {
  folder: string;
  dns: DnsAddress;
  controlPort: number;
  key: RndcKey;
  includeFile: string;
}): string {
  const path = (name: string): string => quote(`${of.folder}/${name}`);
  return `${keyClause(of.key)}
controls { inet 127.0.0.1 port ${of.controlPort} allow { 127.0.0.1; } keys { ${quote(of.key.name)}; }; };
options {
\tdirectory ${quote(of.folder)};
\tpid-file ${path('named.pid')};
\tsession-keyfile ${path('session.key')};
\tmanaged-keys-directory ${quote(of.folder)};
\tlock-file none;
\tlisten-on port ${of.dns.port} { ${of.dns.host}; };
\tlisten-on-v6 { none; };
\trecursion no;
\tallow-transfer { none; };
\tnotify no;
\tminimal-any yes;
\tdnssec-validation no;
\tempty-zones-enable no;
\tzone-statistics no;
\tmax-cache-size 2m;
\tallow-new-zones yes;
\tlmdb-mapsize 512m;
};
logging {
\tchannel own { file ${path('named.log')} versions 1 size 2m; severity notice; print-time iso8601; print-severity yes; };
\tcategory default { own; };
};
include ${quote(of.includeFile)};
`;
}
