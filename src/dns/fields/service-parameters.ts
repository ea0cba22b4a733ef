import { demand, OctetReader, type OctetWriter } from '../octets.js';
import type { RdataText } from '../rdata-text.js';
import { formatIPv4, formatIPv6, ipv4Octets, ipv6Octets } from './addresses.js';
import { fromBase64, toBase64 } from './binary.js';
import type { Field } from './field.js';
import { escapeText, quote, unescapeWord } from './strings.js';

const MANDATORY = 0;
const ALPN = 1;
const NO_DEFAULT_ALPN = 2;

/** One known parameter (RFC 9460 §14.3.2): text (escapes resolved) to octets, undefined where wrong, and back. */
interface Parameter {
  name: string;
  read(value: string): string | undefined;
  /** The whole presentation of the value; throws RdataError where the octets are wrong. */
  show(octets: string): string;
}

const u16 = (value: number): string => String.fromCharCode(value >> 8, value & 255);

function addresses(
  name: string,
  size: number,
  read: (t: string) => string | undefined,
  show: (o: string) => string,
): Parameter {
  return {
    name,
    read: (value) => joinAll(value.split(',').map(read)),
    show(octets) {
      demand(octets.length > 0 && octets.length % size === 0, `${name} must hold whole addresses`);
      return (octets.match(new RegExp(`[^]{${size}}`, 'g')) ?? []).map(show).join(',');
    },
  };
}

function joinAll(parts: readonly (string | undefined)[]): string | undefined {
  return parts.includes(undefined) ? undefined : parts.join('');
}

const PARAMETERS: readonly Parameter[] = [
  {
    name: 'mandatory',
    read(value) {
      const keys = value.split(',').map(keyNumber);
      if (keys.includes(undefined) || new Set(keys).size < keys.length) return undefined;
      return (keys as number[])
        .sort((a, b) => a - b)
        .map(u16)
        .join('');
    },
    show(octets) {
      const keys = keysIn(octets);
      demand(
        keys.length > 0 && keys.every((key, i) => i === 0 || key > (keys[i - 1] ?? 0)),
        'mandatory keys must ascend',
      );
      return keys.map(keyName).join(',');
    },
  },
  {
    name: 'alpn',
    read(value) {
      const ids = splitList(value);
      return ids.some((id) => id === '' || id.length > 255)
        ? undefined
        : ids.map((id) => String.fromCharCode(id.length) + id).join('');
    },
    show(octets) {
      const ids: string[] = [];
      for (const reader = new OctetReader(octets); reader.remaining > 0;) ids.push(reader.take(reader.u8()));
      demand(ids.length > 0 && !ids.includes(''), 'alpn must hold identifiers that are not empty');
      return quoteList(ids);
    },
  },
  {
    name: 'no-default-alpn',
    read: (value) => (value === '' ? '' : undefined),
    show(octets) {
      demand(octets === '', 'no-default-alpn has no value');
      return '';
    },
  },
  {
    name: 'port',
    read: (value) => (/^\d{1,5}$/.test(value) && Number(value) <= 65535 ? u16(Number(value)) : undefined),
    show(octets) {
      demand(octets.length === 2, 'port must have two octets');
      return String(new OctetReader(octets).u16());
    },
  },
  addresses('ipv4hint', 4, ipv4Octets, formatIPv4),
  { name: 'ech', read: (value) => fromBase64(value), show: toBase64 },
  addresses('ipv6hint', 16, ipv6Octets, formatIPv6),
  {
    name: 'dohpath',
    read: (value) => (DOH_PATH.test(value) ? value : undefined),
    show(octets) {
      demand(DOH_PATH.test(octets), 'dohpath must be a path with the variable dns');
      return quote(octets);
    },
  },
];
/** A URI template that has the variable dns (RFC 9461 §5). */
const DOH_PATH = /^\/.*\{[?&]?(?:[^{}]*,)?dns(?:,[^{}]*)?\}/;
/** BIND 9.18 takes dohpath by name and prints it by number. */
const FIRST_UNPRINTED = 7;

/**
 * A value list after one level of escapes: commas part it, `\,` and `\\` are escaped once more (RFC 9460 appendix A.1).
 */
function splitList(value: string): string[] {
  const items = [''];
  for (let i = 0; i < value.length; i++) {
    const char = value.charAt(i);
    if (char === ',') items.push('');
    else items.push((items.pop() ?? '') + (char === '\\' && i + 1 < value.length ? value.charAt(++i) : char));
  }
  return items;
}

function quoteList(items: readonly string[]): string {
  return quote(items.map((item) => item.replace(/[\\,]/g, '\\$&')).join(','));
}

function keyName(key: number): string {
  return key < FIRST_UNPRINTED ? (PARAMETERS[key]?.name ?? '') : `key${key}`;
}

function keyNumber(name: string): number | undefined {
  const known = PARAMETERS.findIndex((parameter) => parameter.name === name);
  if (known >= 0) return known;
  const digits = /^key(0|[1-9]\d{0,4})$/.exec(name)?.[1];
  return digits !== undefined && Number(digits) <= 65535 ? Number(digits) : undefined;
}

function keysIn(octets: string): number[] {
  const reader = new OctetReader(octets);
  const keys: number[] = [];
  while (reader.remaining > 0) keys.push(reader.u16());
  return keys;
}

/** SvcParams of SVCB and HTTPS (RFC 9460 §2.1, §2.2): in any order in text, ascending on the wire. */
export function serviceParameters(): Field {
  return {
    parse(text, out) {
      const values = new Map<number, string>();
      while (text.more()) {
        const [key, value] = parseParameter(text, out);
        if (values.has(key)) text.refuse(`${keyName(key)} is given twice`);
        values.set(key, value);
      }
      const problem = inconsistency(values);
      if (problem !== undefined) text.refuse(problem);
      for (const [key, value] of [...values].sort(([a], [b]) => a - b)) {
        out.u16(key);
        out.u16(value.length);
        out.text(value);
      }
    },
    print(rdata) {
      const values = new Map<number, string>();
      const words: string[] = [];
      for (let last = -1; rdata.remaining > 0;) {
        const key = rdata.u16();
        demand(key > last, 'service parameters must ascend');
        last = key;
        const octets = rdata.take(rdata.u16());
        values.set(key, octets);
        const shown = PARAMETERS[key]?.show(octets) ?? (octets === '' ? '' : `"${escapeText(octets)}"`);
        words.push(shown === '' ? keyName(key) : `${keyName(key)}=${shown}`);
      }
      const problem = inconsistency(values);
      demand(problem === undefined, problem ?? '');
      return words.join(' ');
    },
  };
}

/** One `key`, `key=value` or `key="value"`; a quoted value is a word of its own right behind the `=`. */
function parseParameter(text: RdataText, out: OctetWriter): [key: number, value: string] {
  const word = text.nextPlain('a service parameter');
  const end = text.endOf(word);
  let split = text.startOf(word);
  while (split < end && text.bytes[split] !== 61) split++;
  const name = text.bytes.toString('latin1', text.startOf(word), split);
  const key = keyNumber(name);
  if (key === undefined) return text.refuse(`"${name}" is not a service parameter; write unknown ones as key123`);
  const before = out.length;
  const following = text.peek();
  if (split === end - 1 && following !== undefined && text.isQuoted(following) && text.startOf(following) === end + 1) {
    unescapeWord(text, text.next(''), out);
  } else if (split < end) unescapeWord(text, word, out, split + 1);
  const value = out.octets.toString('latin1', before, out.length);
  out.length = before;
  const parameter = PARAMETERS[key];
  const octets = parameter === undefined ? value : readParameter(parameter, name, value);
  return octets === undefined ? text.refuse(`the value of ${name} is not valid`) : [key, octets];
}

function readParameter(parameter: Parameter, name: string, value: string): string | undefined {
  if (parameter.name === name) return parameter.read(value);
  parameter.show(value); // the key1 form holds the octets themselves
  return value;
}

/** RFC 9460 §7.1, §8: what makes a set of parameters contradict itself. */
function inconsistency(values: ReadonlyMap<number, string>): string | undefined {
  const mandatory = keysIn(values.get(MANDATORY) ?? '');
  if (mandatory.includes(MANDATORY)) return 'mandatory must not list itself';
  const missing = mandatory.find((key) => !values.has(key));
  if (missing !== undefined) return `mandatory lists ${keyName(missing)}, which is not given`;
  if (values.has(NO_DEFAULT_ALPN) && !values.has(ALPN)) return 'no-default-alpn needs alpn beside it';
  return undefined;
}
