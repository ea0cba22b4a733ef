import { demand } from '../octets.js';
import { formatIPv4, formatIPv6, ipv4Octets, ipv6Octets } from './addresses.js';
import type { Field } from './field.js';

const FAMILIES = [
  { family: 1, size: 4, octetsOf: ipv4Octets, format: formatIPv4 },
  { family: 2, size: 16, octetsOf: ipv6Octets, format: formatIPv6 },
];

/** APL's list of `[!]family:address/prefix` (RFC 3123 §4, §5). */
export function addressPrefixes(): Field {
  return {
    parse(text, out) {
      while (text.more()) {
        const parts = /^(!?)(\d{1,5}):([^/]+)\/(\d{1,3})$/.exec(text.word('an address prefix'));
        const [, negation = '', number, address = '', prefix] = parts ?? [];
        const family = FAMILIES.find((known) => known.family === Number(number));
        const octets = family?.octetsOf(address);
        if (family === undefined || octets === undefined || Number(prefix) > family.size * 8) {
          return text.refuse('expected an address prefix such as 1:192.0.2.0/24 or !2:2001:db8::/32');
        }
        const afd = octets.replace(/\0+$/, '');
        out.u16(family.family);
        out.u8(Number(prefix));
        out.u8((negation === '' ? 0 : 128) + afd.length);
        out.text(afd);
      }
    },
    print(rdata) {
      const items: string[] = [];
      while (rdata.remaining > 0) {
        const number = rdata.u16();
        const prefix = rdata.u8();
        const length = rdata.u8();
        const family = FAMILIES.find((known) => known.family === number);
        demand(family !== undefined, `address family ${number} is not known`);
        const afd = rdata.take(length & 127);
        demand(afd.length <= family.size && prefix <= family.size * 8, 'an address prefix is too long');
        demand(!afd.endsWith('\0'), 'an address prefix must not end in a zero octet');
        const address = family.format(afd.padEnd(family.size, '\0'));
        items.push(`${length > 127 ? '!' : ''}${number}:${address}/${prefix}`);
      }
      return items.join(' ');
    },
  };
}
