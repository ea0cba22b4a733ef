import { keyClause, type RndcKey } from './rndc-key.js';
import { configurationFrom } from '../configuration-template.js';
import type { IncludeSyntax } from '../include-file.js';
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

const STATEMENT = /^zone "([^"]+)" \{ type primary; file "((?:[^"\\]|\\.)*)";/gm;

/** The syntax of named.conf, for the file that it includes. */
export const ZONE_STATEMENTS: IncludeSyntax = {
  notice: '// Written by dns-cluster. Changes made here are lost.\n',
  whole: (parts) => parts.map((file) => `include ${quote(file)};\n`).join(''),
  zone: (name, file) => `zone "${name}" ${zoneBody(file)}\n`,
  *zones(text) {
    for (const [, name = '', file = ''] of text.matchAll(STATEMENT)) yield [name, file.replace(/\\(.)/g, '$1')];
  },
};

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
  return configurationFrom('named.conf', {
    key: keyClause(of.key).trimEnd(),
    keyName: quote(of.key.name),
    controlPort: String(of.controlPort),
    folder: quote(of.folder),
    pidFile: path('named.pid'),
    sessionKey: path('session.key'),
    log: path('named.log'),
    listenOn: `${of.dns.host.includes(':') ? 'listen-on-v6' : 'listen-on'} port ${of.dns.port} { ${of.dns.host}; };`,
    listenOff: `${of.dns.host.includes(':') ? 'listen-on' : 'listen-on-v6'} { none; };`,
    includeFile: quote(of.includeFile),
  });
}
