import { demand, toHex, type OctetReader } from '../octets.js';
import type { RdataText } from '../rdata-text.js';
import type { Field } from './field.js';

/** BIND breaks long hexadecimal and base64 text into pieces of this many characters. */
const CHUNK = 56;

export function chunked(text: string): string {
  return text.length <= CHUNK ? text : (text.match(/.{1,56}/g) ?? []).join(' ');
}

/** All words to the end, run together. */
export function restOfText(text: RdataText, what: string): string {
  let all = text.word(what);
  while (text.more()) all += text.word(what);
  return all;
}

/** An octet string of hexadecimal text, or undefined. */
export function fromHex(hex: string): string | undefined {
  if (hex.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(hex)) return undefined;
  return Buffer.from(hex, 'hex').toString('latin1');
}

/** An octet string of base64 text (RFC 4648 §4: with its padding), or undefined. */
export function fromBase64(text: string): string | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  const octets = Buffer.from(text, 'base64');
  return octets.toString('base64') === text ? octets.toString('latin1') : undefined;
}

export function toBase64(octets: string): string {
  return Buffer.from(octets, 'latin1').toString('base64');
}

/** Hexadecimal to the end of the rdata, at least `least` octets. */
export function hex(what: string, least = 0): Field {
  return {
    parse(text, out) {
      if (least === 0 && !text.more()) return;
      const octets = fromHex(restOfText(text, what));
      if (octets === undefined) return text.refuse(`${what} is hexadecimal, two digits an octet`);
      if (octets.length < least) text.refuse(`${what} is at least ${least} octets long`);
      out.text(octets);
    },
    print(rdata) {
      const octets = rdata.rest();
      demand(octets.length >= least, `${what} must be at least ${least} octets`);
      return chunked(toHex(octets));
    },
  };
}

/** Base64 to the end of the rdata, at least `least` octets. */
export function base64(what: string, least = 0): Field {
  return {
    parse(text, out) {
      if (least === 0 && !text.more()) return;
      const octets = fromBase64(restOfText(text, what));
      if (octets === undefined) return text.refuse(`${what} is base64`);
      if (octets.length < least) text.refuse(`${what} is at least ${least} octets long`);
      out.text(octets);
    },
    print(rdata) {
      const octets = rdata.rest();
      demand(octets.length >= least, `${what} must be at least ${least} octets`);
      return chunked(toBase64(octets));
    },
  };
}

/** NSEC3's salt: hexadecimal behind a length octet, `-` for none (RFC 5155 §3.3). */
export function salt(what: string): Field {
  return {
    parse(text, out) {
      const word = text.word(what);
      const octets = word === '-' ? '' : fromHex(word);
      if (octets === undefined || octets.length > 255)
        return text.refuse(`${what} is hexadecimal up to 255 octets, or -`);
      out.u8(octets.length);
      out.text(octets);
    },
    print: (rdata) => toHex(rdata.take(rdata.u8())) || '-',
  };
}

const BASE32 = '0123456789ABCDEFGHIJKLMNOPQRSTUV';

/** NSEC3's next hashed owner: base32hex without padding behind a length octet (RFC 5155 §3.3). */
export function base32(what: string): Field {
  return {
    parse(text, out) {
      const word = text.word(what).toUpperCase();
      const lengthAt = out.length++;
      let bits = 0;
      let held = 0;
      for (const char of word) {
        const value = BASE32.indexOf(char);
        if (value < 0) text.refuse(`${what} is base32 (0 to 9, A to V)`);
        held = (held << 5) | value;
        bits += 5;
        if (bits >= 8) {
          bits -= 8;
          out.u8(held >>> bits);
          held &= (1 << bits) - 1;
        }
      }
      const length = out.length - lengthAt - 1;
      if (length === 0 || length > 255 || bits >= 5 || held !== 0) text.refuse(`${what} is not whole octets of base32`);
      out.octets[lengthAt] = length;
    },
    print(rdata) {
      const octets = rdata.take(rdata.u8());
      demand(octets.length > 0, `${what} must not be empty`);
      return toBase32(octets);
    },
  };
}

function toBase32(octets: string): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (let i = 0; i < octets.length; i++) {
    held = (held << 8) | octets.charCodeAt(i);
    bits += 8;
    for (; bits >= 5; bits -= 5) text += BASE32.charAt((held >>> (bits - 5)) & 31);
    held &= (1 << bits) - 1;
  }
  return bits === 0 ? text : text + BASE32.charAt((held << (5 - bits)) & 31);
}

/** `count` octets as pairs of hexadecimal digits joined by `-` (EUI48, EUI64; RFC 7043). */
export function hyphenated(what: string, count: number): Field {
  const pattern = new RegExp(`^[0-9a-f]{2}(-[0-9a-f]{2}){${count - 1}}$`, 'i');
  return {
    parse(text, out) {
      const word = text.word(what);
      if (!pattern.test(word)) text.refuse(`${what} is ${count} pairs of hexadecimal digits joined by "-"`);
      out.text(fromHex(word.replaceAll('-', '')) ?? '');
    },
    print: (rdata) => (takeHex(rdata, count).match(/../g) ?? []).join('-'),
  };
}

function takeHex(rdata: OctetReader, count: number): string {
  return toHex(rdata.take(count)).toLowerCase();
}

/** 64 bits as four groups of hexadecimal digits joined by `:` (NID, L64; RFC 6742). */
export function locator64(what: string): Field {
  return {
    parse(text, out) {
      const word = text.word(what);
      if (!/^[0-9a-f]{1,4}(:[0-9a-f]{1,4}){3}$/i.test(word))
        text.refuse(`${what} is four hexadecimal groups joined by ":"`);
      for (const group of word.split(':')) out.u16(parseInt(group, 16));
    },
    print: (rdata) => Array.from({ length: 4 }, () => rdata.u16().toString(16)).join(':'),
  };
}

/** NSAP address: `0x` and hexadecimal digits, dots anywhere (RFC 1706 §5). */
export function nsap(what: string): Field {
  return {
    parse(text, out) {
      const word = text.word(what);
      const octets = /^0x/i.test(word) ? fromHex(word.slice(2).replaceAll('.', '')) : undefined;
      if (octets === undefined || octets === '') return text.refuse(`${what} is 0x and pairs of hexadecimal digits`);
      out.text(octets);
    },
    print(rdata) {
      demand(rdata.remaining > 0, `${what} must not be empty`);
      return '0x' + toHex(rdata.rest()).toLowerCase();
    },
  };
}
