import { isIPv6 } from 'node:net';
import { ipv6Octets } from '../../dns/fields/addresses.js';

/** How many leading bits of an address tell one asker from another. */
export interface PrefixLengths {
  ipv4: number;
  ipv6: number;
}

/** The network of an address as a socket gives it: equal for all addresses with the same leading bits. */
export function networkOf(address: string, lengths: PrefixLengths): string {
  const v6 = isIPv6(address);
  const octets = v6
    ? (ipv6Octets(address.replace(/%.*/, '')) ?? '')
    : String.fromCharCode(...address.split('.').map(Number));
  const bits = v6 ? lengths.ipv6 : lengths.ipv4;
  const whole = bits >> 3;
  const part = octets.charCodeAt(whole) & (0xff00 >> (bits & 7)); // of no octet at all: 0
  return `${v6 ? 6 : 4}${octets.slice(0, whole)}${String.fromCharCode(part & 0xff)}`;
}
