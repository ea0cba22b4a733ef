import type { Principal } from '../../src/access/principal.js';
import { zoneName, type ZoneName } from '../../src/zones/zone-name.js';

/** A small valid zone; `address` makes its content another one. */
export function zoneText(serial: number, address = '192.0.2.1', comment = ''): Buffer {
  return Buffer.from(
    `; ${comment}\n$TTL 60\n@ SOA ns1.example.net. h.example.net. ${serial} 1 1 1 1\n@ NS ns1.example.net.\nwww A ${address}\n`,
  );
}

/** zone-0.example, zone-1.example and so on. */
export function zoneNames(count: number): ZoneName[] {
  return Array.from({ length: count }, (_, i) => zoneName(`zone-${i}.example`));
}

export const ROOT: Principal = { user: 'root', kind: 'root', privileges: ['all'], via: { self: true } };

export function reseller(user: string): Principal {
  return { user, kind: 'reseller', privileges: ['clustering'], via: { self: true } };
}
