import { BlockList, isIPv6 } from 'node:net';
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

/** Addresses and subnets, as `192.0.2.1` and `2001:db8::/32`. */
export function addressList(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', prefix] = entry.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
}

/** Is an address, as a socket gives it, in the list? */
export function isInList(list: BlockList, address: string): boolean {
  return list.check(address.replace(/%.*/, ''), isIPv6(address) ? 'ipv6' : 'ipv4');
}
