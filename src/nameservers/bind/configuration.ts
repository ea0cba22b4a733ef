import { keyClause, type RndcKey } from './rndc-key.js';
import { configurationFrom } from '../controlled/configuration-template.js';
import { quote, zoneBody as bodyWith, zoneStatements } from '../controlled/named-conf.js';
import type { DnsAddress } from '../nameserver.js';

/** The clause that names a zone's master file, as we write it and as named shows it. */
export function fileClause(file: string): string {
  return `file ${quote(file)};`;
}

/**
 * Zones were checked by our own rules before, which allow what hosting customers have: owners with `_`, and delegations
 * whose addresses are elsewhere.
 */
const OPTIONS = ' check-names ignore; check-integrity no;';

/** The body of a zone's statement, for `addzone`. */
export function zoneBody(file: string): string {
  return bodyWith(file, 'primary', OPTIONS);
}

/** The same in the file that named.conf includes. */
export const ZONE_STATEMENTS = zoneStatements('primary', OPTIONS);

/**
 * The whole configuration of a private named: answers on one loopback address, with authority only, and keeps every
 * file it writes inside `folder`.
 */
export function privateConfiguration(of: {
  folder: string;
  dns: DnsAddress;
  controlPort: number;
  key: RndcKey;
  includeFile: string;
}): string {
  const path = (name: string): string => quote(`${of.folder}/${name}`);
  return configurationFrom('bind/named.conf', {
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
