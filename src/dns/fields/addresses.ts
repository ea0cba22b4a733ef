import { isIPv6 } from 'node:net';
import type { OctetWriter } from '../octets.js';
import type { RdataText } from '../rdata-text.js';
import type { Field } from './field.js';

/**
 * Writes a dotted quad of four decimal numbers without leading zeros, as inet_pton(3) takes it. False where it is none.
 */
function parseIPv4(bytes: Uint8Array, start: number, end: number, out: OctetWriter): boolean {
  let value = -1;
  let parts = 0;
  for (let i = start; i <= end; i++) {
    const octet = i === end ? 46 : (bytes[i] ?? 0);
    if (octet === 46) {
      if (value < 0 || ++parts > 4) return false;
      out.u8(value);
      value = -1;
    } else {
      if (octet < 48 || octet > 57 || value === 0) return false;
      value = (value < 0 ? 0 : value * 10) + octet - 48;
      if (value > 255) return false;
    }
  }
  return parts === 4;
}

/** The four octets of a dotted quad, or undefined. */
export function ipv4Octets(address: string): string | undefined {
  if (!/^(?:(?:0|[1-9]\d{0,2})\.){3}(?:0|[1-9]\d{0,2})$/.test(address)) return undefined;
  const octets = address.split('.').map(Number);
  return octets.every((octet) => octet < 256) ? String.fromCharCode(...octets) : undefined;
}

/** The 16 octets of an IPv6 address (RFC 4291 §2.2), or undefined. */
export function ipv6Octets(address: string): string | undefined {
  if (!isIPv6(address) || address.includes('%')) return undefined;
  const [head = '', tail] = address.split('::');
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  const zeros = new Array<number>(Math.max(0, 8 - left.length - right.length)).fill(0);
  return [...left, ...zeros, ...right].map((group) => String.fromCharCode(group >> 8, group & 255)).join('');
}

function groups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    const quad = group.includes('.') ? (ipv4Octets(group) ?? '') : undefined;
    if (quad === undefined) return [parseInt(group, 16)];
    return [quad.charCodeAt(0) * 256 + quad.charCodeAt(1), quad.charCodeAt(2) * 256 + quad.charCodeAt(3)];
  });
}

export function formatIPv4(octets: string): string {
  return `${octets.charCodeAt(0)}.${octets.charCodeAt(1)}.${octets.charCodeAt(2)}.${octets.charCodeAt(3)}`;
}

/** 16 octets as inet_ntop(3) prints them: the longest run of two zero groups or more as `::`, mapped IPv4 with dots. */
export function formatIPv6(octets: string): string {
  const group = Array.from({ length: 8 }, (_, i) => octets.charCodeAt(2 * i) * 256 + octets.charCodeAt(2 * i + 1));
  let best = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let run = 0;
    while (i + run < 8 && group[i + run] === 0) run++;
    if (run > length) [best, length] = [i, run];
  }
  // As glibc has it: ::a.b.c.d and ::ffff:a.b.c.d, but ::1:2 stays hexadecimal when it is shorter than that.
  const embedsIPv4 = best === 0 && (length === 6 || (length === 5 && group[5] === 0xffff));
  const count = embedsIPv4 ? 6 : 8;
  let text = '';
  for (let i = 0; i < count; i++) {
    if (best >= 0 && i === best) {
      text += i === 0 ? '::' : ':';
      i += Math.min(length, count - best) - 1;
      continue;
    }
    text += (group[i] ?? 0).toString(16);
    if (i < count - 1 || embedsIPv4) text += ':';
  }
  return embedsIPv4 ? text + formatIPv4(octets.slice(12)) : text;
}

export function ipv4(what: string): Field {
  return {
    parse(text, out) {
      const word = text.nextPlain(what);
      if (!parseIPv4(text.bytes, text.startOf(word), text.endOf(word), out)) {
        text.refuse(`expected ${what}, an IPv4 address such as 192.0.2.1`);
      }
    },
    print: (rdata) => formatIPv4(rdata.take(4)),
  };
}

export function ipv6(what: string): Field {
  return {
    parse: (text, out) => out.text(parseIPv6(text, what)),
    print: (rdata) => formatIPv6(rdata.take(16)),
  };
}

function parseIPv6(text: RdataText, what: string): string {
  return ipv6Octets(text.word(what)) ?? text.refuse(`expected ${what}, an IPv6 address such as 2001:db8::1`);
}
