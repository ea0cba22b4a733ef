import { parseZone } from '../../src/dns/parser.js';
import { EmbeddedNameserver, type EmbeddedOptions } from '../../src/nameservers/embedded/embedded.js';
import type { ZoneChange } from '../../src/nameservers/nameserver.js';
import { createLog } from '../../src/operations/log.js';
import { zoneName } from '../../src/zones/zone-name.js';

/** An embedded nameserver on a free loopback port, started. */
export async function startEmbedded(options: Partial<EmbeddedOptions> = {}): Promise<EmbeddedNameserver> {
  const nameserver = new EmbeddedNameserver({
    listen: [{ host: '127.0.0.1', port: 0 }],
    version: '1.2.3',
    log: createLog({ level: 'silent' }),
    ...options,
  });
  await nameserver.start();
  return nameserver;
}

/** The text of a small zone: SOA, NS and its address. */
export function zoneText(serial: number, more = ''): string {
  return `@ 300 SOA ns hostmaster ${serial} 7200 900 1209600 300\n@ 300 NS ns\nns 300 A 192.0.2.53\n${more}`;
}

/** An upsert of such a zone that brings its parsed records along. */
export function parsedUpsert(name: string, serial: number, more = ''): ZoneChange {
  const { records } = parseZone(zoneText(serial, more), name);
  return { kind: 'upsert', name: zoneName(name), file: '/nowhere', serial, isNew: true, records };
}
