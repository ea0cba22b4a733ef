import { parseZone } from '../../../src/dns/zone-text/parser.js';
import { EmbeddedNameserver, type EmbeddedOptions } from '../../../src/nameservers/embedded/embedded.js';
import type { ZoneChange } from '../../../src/nameservers/nameserver.js';
import { createLog } from '../../../src/operations/log.js';
import { zoneName } from '../../../src/zones/zone-name.js';
import type { Servers } from './compare-servers.js';
import { startNamed } from '../private-named.js';

/** An embedded nameserver on a free loopback port, started, with no zones. */
export async function startEmbedded(options: Partial<EmbeddedOptions> = {}): Promise<EmbeddedNameserver> {
  const nameserver = new EmbeddedNameserver({
    listen: [{ host: '127.0.0.1', port: 0 }],
    version: '1.2.3',
    log: createLog({ level: 'silent' }),
    ...options,
  });
  await nameserver.start();
  await nameserver.synchronize([]);
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

/** BIND as it must be set to answer as the embedded nameserver does. */
const BIND_OPTIONS = 'minimal-responses no-auth; minimal-any yes;';

/** BIND and the embedded nameserver, with the same zones (name to text); `options` are the embedded one's. */
export async function startBoth(
  zones: Readonly<Record<string, string>>,
  options: Partial<EmbeddedOptions> = {},
): Promise<Servers & { stop: () => Promise<void> }> {
  const bind = await startNamed(zones, BIND_OPTIONS);
  const embedded = await startEmbedded(options);
  const changes = Object.entries(zones).map(([name, text]): ZoneChange => {
    const { records } = parseZone(text, name);
    return { kind: 'upsert', name: zoneName(name), file: '/nowhere', serial: 1, isNew: true, records };
  });
  await embedded.apply(changes);
  const stop = async (): Promise<void> => {
    await embedded.stop();
    await bind.stop();
  };
  return { bind, embedded: embedded.dns, stop };
}
