import { escapedOctet, escapeLength, NameError } from '../name.js';
import { demand, type OctetReader, type OctetWriter } from '../octets.js';
import type { RdataText } from '../rdata-text.js';
import type { Field } from './field.js';

const BACKSLASH = 92;
const MAX_STRING = 255; // RFC 1035 §3.3

/** Writes a word (from `start`, if given) with its escapes resolved; the number of octets written. */
export function unescapeWord(text: RdataText, word: number, out: OctetWriter, start = text.startOf(word)): number {
  const { bytes } = text;
  const end = text.endOf(word);
  const before = out.length;
  for (let i = start; i < end; i++) {
    const octet = bytes[i] ?? 0;
    if (octet !== BACKSLASH) {
      out.octets[out.length++] = octet;
      continue;
    }
    try {
      out.u8(escapedOctet(bytes, i, end));
    } catch (error) {
      if (error instanceof NameError) text.refuse(error.message);
      throw error;
    }
    i += escapeLength(bytes, i) - 1;
  }
  return out.length - before;
}

/** One character-string (RFC 1035 §3.3): a length octet and up to 255 octets. */
function parseString(text: RdataText, what: string, out: OctetWriter): void {
  const word = text.next(what);
  const lengthAt = out.length++;
  const length = unescapeWord(text, word, out);
  if (length > MAX_STRING) {
    text.refuse(`a string holds at most ${MAX_STRING} octets, this one has ${length}: split it into several strings`);
  }
  out.octets[lengthAt] = length;
}

/** An octet string in quotes, as BIND escapes it. */
export function quote(octets: string): string {
  return `"${escapeText(octets)}"`;
}

/** As `quote`, without the quotes themselves. */
export function escapeText(octets: string): string {
  if (/^[ !#-[\]-~]*$/.test(octets)) return octets;
  let text = '';
  for (let i = 0; i < octets.length; i++) {
    const octet = octets.charCodeAt(i);
    const char = octets.charAt(i);
    if (char === '"' || char === '\\') text += '\\' + char;
    else text += octet >= 32 && octet < 127 ? char : '\\' + String(octet).padStart(3, '0');
  }
  return text;
}

function readString(rdata: OctetReader): string {
  return rdata.take(rdata.u8());
}

export function string(what: string): Field {
  return {
    text: 'one',
    parse: (text, out) => parseString(text, what, out),
    print: (rdata) => quote(readString(rdata)),
  };
}

/** A string that may be left off at the end of the rdata (ISDN's subaddress). */
export function optionalString(what: string): Field {
  return {
    text: 'one',
    parse: (text, out) => (text.more() ? parseString(text, what, out) : undefined),
    print: (rdata) => (rdata.remaining === 0 ? '' : quote(readString(rdata))),
  };
}

/** One string or more, to the end of the rdata (TXT). */
export function strings(what: string): Field {
  return {
    text: 'rest',
    parse(text, out) {
      do parseString(text, what, out);
      while (text.more());
    },
    print(rdata) {
      let text = quote(readString(rdata));
      while (rdata.remaining > 0) text += ' ' + quote(readString(rdata));
      return text;
    },
  };
}

/** Text without a length, to the end of the rdata (URI's target, CAA's value). */
export function longText(what: string, quotes: 'needed' | 'optional'): Field {
  return {
    text: 'one',
    parse(text, out) {
      const word = text.next(what);
      if (quotes === 'needed' && !text.isQuoted(word)) text.refuse(`${what} needs quotes`);
      unescapeWord(text, word, out);
    },
    print: (rdata) => quote(rdata.rest()),
  };
}

/** CAA's property tag: letters and digits behind a length octet, unquoted (RFC 8659 §4.1). */
export function tag(what: string): Field {
  return {
    parse(text, out) {
      const word = text.word(what);
      if (!/^[A-Za-z0-9]{1,255}$/.test(word)) text.refuse(`${what} is one word of letters and digits`);
      out.u8(word.length);
      out.text(word);
    },
    print(rdata) {
      const word = readString(rdata);
      demand(/^[A-Za-z0-9]+$/.test(word), `${what} must be letters and digits`);
      return word;
    },
  };
}

/** A character-string of digits only, printed in quotes (X25). */
export function digits(what: string, least: number): Field {
  return {
    text: 'one',
    parse(text, out) {
      const lengthAt = out.length;
      parseString(text, what, out);
      const written = out.octets.toString('latin1', lengthAt + 1, out.length);
      if (!/^\d*$/.test(written) || written.length < least) text.refuse(`${what} is at least ${least} digits`);
    },
    print(rdata) {
      const value = readString(rdata);
      demand(/^\d*$/.test(value) && value.length >= least, `${what} must be at least ${least} digits`);
      return quote(value);
    },
  };
}

/** NAPTR's substitution: empty, or `!expression!replacement!` with any delimiter and the flag i (RFC 3402 §3.2). */
export function substitution(what: string): Field {
  const plain = string(what);
  return {
    text: 'one',
    parse(text, out) {
      const at = out.length;
      plain.parse(text, out);
      const problem = faultOf(out.octets.toString('latin1', at + 1, out.length));
      if (problem !== undefined) text.refuse(`${what} ${problem}`);
    },
    print(rdata) {
      const value = readString(rdata);
      const problem = faultOf(value);
      demand(problem === undefined, `${what} ${problem ?? ''}`);
      return quote(value);
    },
  };
}

function faultOf(value: string): string | undefined {
  if (value === '') return undefined;
  const delimiter = value.charAt(0);
  if (/[0-9\\i\0]/.test(delimiter)) return 'begins with its delimiter, which is no digit, backslash or i';
  const parts = [''];
  for (let i = 1; i < value.length; i++) {
    const char = value.charAt(i);
    if (char === delimiter) parts.push('');
    else parts[parts.length - 1] = (parts.at(-1) ?? '') + (char === '\\' ? char + value.charAt(++i) : char);
  }
  const [expression = '', replacement = '', flags] = parts;
  if (parts.length !== 3 || !/^i*$/.test(flags ?? '')) return 'is not !expression!replacement! and perhaps i';
  const groups = (expression.replace(/\\./g, '').match(/\(/g) ?? []).length;
  const highest = Math.max(0, ...(replacement.match(/\\[0-9]/g) ?? []).map((reference) => Number(reference.slice(1))));
  return highest > groups ? `refers to group ${highest}, and has ${groups}` : undefined;
}
