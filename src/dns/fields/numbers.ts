import { demand } from '../octets.js';
import { readTtl } from '../ttl.js';
import type { RdataText } from '../rdata-text.js';
import type { Field } from './field.js';

/** The next word as an unsigned decimal number of at most `max`. */
export function parseNumber(text: RdataText, what: string, max: number): number {
  const word = text.nextPlain(what);
  const start = text.startOf(word);
  const end = text.endOf(word);
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = (text.bytes[i] ?? 0) - 48;
    if (digit < 0 || digit > 9) text.refuse(`expected ${what}, a number from 0 to ${max}`);
    value = value * 10 + digit;
    if (value > 0xffffffff) break;
  }
  if (value > max) text.refuse(`${what} is larger than ${max}`);
  return value;
}

export function u8(what: string): Field {
  return {
    parse: (text, out) => out.u8(parseNumber(text, what, 0xff)),
    print: (rdata) => String(rdata.u8()),
  };
}

export function u16(what: string): Field {
  return {
    parse: (text, out) => out.u16(parseNumber(text, what, 0xffff)),
    print: (rdata) => String(rdata.u16()),
  };
}

export function u32(what: string): Field {
  return {
    parse: (text, out) => out.u32(parseNumber(text, what, 0xffffffff)),
    print: (rdata) => String(rdata.u32()),
  };
}

/** 16 bits that have to be zero (RKEY's flags). */
export function zero16(what: string): Field {
  return {
    parse: (text, out) => out.u16(parseNumber(text, what, 0)),
    print(rdata) {
      demand(rdata.u16() === 0, `${what} must be 0`);
      return '0';
    },
  };
}

/** Seconds, which BIND also takes with units (`1h30m`). */
export function period(what: string): Field {
  return {
    parse(text, out) {
      const word = text.nextPlain(what);
      const seconds = readTtl(text.bytes, text.startOf(word), text.endOf(word));
      if (seconds === undefined) return text.refuse(`expected ${what}, seconds or a time such as 1h30m`);
      if (seconds > 0xffffffff) text.refuse(`${what} is larger than 4294967295 seconds`);
      out.u32(seconds);
    },
    print: (rdata) => String(rdata.u32()),
  };
}

/** A number that may be written by name; `printed` lists those that BIND prints by name. */
export function named(
  what: string,
  bits: 8 | 16,
  names: Readonly<Record<string, number>>,
  printed: Readonly<Record<number, string>> = {},
): Field {
  const max = bits === 8 ? 0xff : 0xffff;
  return {
    parse(text, out) {
      const word = text.word(what);
      const value = /^\d{1,5}$/.test(word) ? Number(word) : names[word.toUpperCase()];
      if (value === undefined || value > max)
        return text.refuse(`expected ${what}, a number up to ${max} or a known name`);
      if (bits === 8) out.u8(value);
      else out.u16(value);
    },
    print(rdata) {
      const value = bits === 8 ? rdata.u8() : rdata.u16();
      return printed[value] ?? String(value);
    },
  };
}

/** A signature's time: YYYYMMDDHHmmSS or, where `seconds` says so, seconds since 1970 (RFC 4034 §3.2). */
export function time(what: string, seconds: boolean): Field {
  return {
    parse(text, out) {
      const word = text.word(what);
      if (seconds && /^\d{1,10}$/.test(word) && Number(word) <= 0xffffffff) {
        out.u32(Number(word));
        return;
      }
      const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(word)?.slice(1).map(Number);
      const [year, month, day, hour, minute, second] = parts ?? [];
      const stamp = Date.UTC(year ?? NaN, (month ?? NaN) - 1, day, hour, minute, second) / 1000;
      if (parts === undefined || formatTime(stamp) !== word) text.refuse(`expected ${what}, a time as YYYYMMDDHHmmSS`);
      out.u32(stamp >>> 0);
    },
    print: (rdata) => formatTime(nearNow(rdata.u32())),
  };
}

/** The moment within 68 years of now that a 32-bit time means (RFC 4034 §3.1.5). */
function nearNow(seconds: number): number {
  const now = Math.floor(Date.now() / 1000);
  return now + ((seconds - now) | 0);
}

function formatTime(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? '' : date.toISOString().replace(/[-:T]|\.\d+Z/g, '');
}
