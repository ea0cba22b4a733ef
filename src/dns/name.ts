/**
 * Domain names as their wire octets (RFC 1035 §3.1), one character per octet in a string ("octet string"). A string is
 * immutable, hashes and compares fast, takes a byte per octet, and can hold any octet, so that escaped dots and bytes
 * above 127 survive. Case is kept (RFC 4343); comparisons go through `lowerName`.
 */
declare const wireName: unique symbol;

/** An absolute, uncompressed name in wire form: length octet and label, repeated, then a zero octet. */
export type Name = string & { readonly [wireName]: true };

/** The root, `.`. */
export const ROOT = '\0' as Name;
const MAX_NAME = 255; // RFC 1035 §2.3.4
const MAX_LABEL = 63;

/** What is wrong with a name's text, for the caller to place at a line and column. */
export class NameError extends Error {}

const BACKSLASH = 92;
const DOT = 46;
const AT = 64;
const SCRATCH = Buffer.alloc(MAX_NAME + 4);

/**
 * Presentation form to wire. `text` is an octet string (bytes above 127 stand for themselves), may hold `\.` and `\DDD`
 * (RFC 1035 §5.1); `@` is the origin. A name without the final dot is relative to `origin`.
 * Throws NameError for empty or too long labels and names, bad escapes, or a relative name without an origin.
 */
export function parseName(text: string, origin?: Name): Name {
  const length = encodeName(Buffer.from(text, 'latin1'), 0, text.length, origin, SCRATCH, 0);
  return SCRATCH.toString('latin1', 0, length) as Name;
}

/**
 * As `parseName`, for octets `start` to `end` of `text`: writes the name into `into` from `at` and returns the place
 * after it. This is the one place where names are read from text; it makes no strings, because a zone is mostly names.
 */
export function encodeName(
  text: Uint8Array,
  start: number,
  end: number,
  origin: Name | undefined,
  into: Uint8Array,
  at: number,
): number {
  if (end - start === 1 && text[start] === AT) return appendOrigin(text, start, end, origin, into, at, at);
  if (end - start === 1 && text[start] === DOT) {
    into[at] = 0;
    return at + 1;
  }
  let lengthAt = at;
  let write = at + 1;
  for (let i = start; i < end; i++) {
    let octet = text[i] ?? 0;
    if (octet === DOT) {
      into[lengthAt] = labelLength(write - lengthAt - 1, text, start, end);
      lengthAt = write++;
      continue;
    }
    if (octet === BACKSLASH) {
      octet = escapedOctet(text, i, end);
      // The bit-string labels of RFC 2673 are gone (RFC 6891 §5), and BIND refuses their spelling.
      if (octet === 91 && text[i + 1] === 91 && write === lengthAt + 1) refuse(text, start, end, 'has a label of bits');
      i += escapeLength(text, i) - 1;
    }
    if (write - at >= MAX_NAME) refuse(text, start, end, `is longer than ${MAX_NAME} octets`);
    into[write++] = octet;
  }
  if (write === lengthAt + 1 && lengthAt > at) {
    into[lengthAt] = 0; // it ended with a dot: absolute
    return write;
  }
  into[lengthAt] = labelLength(write - lengthAt - 1, text, start, end);
  return appendOrigin(text, start, end, origin, into, at, write);
}

function labelLength(length: number, text: Uint8Array, start: number, end: number): number {
  if (length === 0) refuse(text, start, end, 'has an empty label');
  if (length > MAX_LABEL) refuse(text, start, end, `has a label longer than ${MAX_LABEL} octets`);
  return length;
}

function appendOrigin(
  text: Uint8Array,
  start: number,
  end: number,
  origin: Name | undefined,
  into: Uint8Array,
  at: number,
  write: number,
): number {
  if (origin === undefined) return refuse(text, start, end, 'is relative, and there is no origin here');
  const stop = write + origin.length;
  if (stop - at > MAX_NAME) refuse(text, start, end, `with its origin is longer than ${MAX_NAME} octets`);
  for (let i = 0; i < origin.length; i++) into[write + i] = origin.charCodeAt(i);
  return stop;
}

function refuse(text: Uint8Array, start: number, end: number, why: string): never {
  throw new NameError(`${quoted(text, start, end)} ${why}`);
}

function quoted(text: Uint8Array, start: number, end: number): string {
  const shown = Buffer.from(text.subarray(start, Math.min(end, start + 60))).toString('utf8');
  return `"${shown}${end - start > 60 ? '…' : ''}"`;
}

function isDigit(octet: number | undefined): boolean {
  return octet !== undefined && octet >= 48 && octet <= 57;
}

/** Length of the escape that begins at `text[at]`: 2 for `\x`, 4 for `\DDD`. */
export function escapeLength(text: Uint8Array, at: number): 2 | 4 {
  return isDigit(text[at + 1]) ? 4 : 2;
}

/**
 * The octet that the escape at `text[at]` (a backslash) stands for; the text ends at `end`.
 * Throws NameError where it is cut off or above 255.
 */
export function escapedOctet(text: Uint8Array, at: number, end: number): number {
  if (at + 1 >= end) throw new NameError('a backslash at the end escapes nothing');
  const first = text[at + 1] ?? 0;
  if (!isDigit(first)) return first;
  const [second, third] = [text[at + 2], text[at + 3]];
  const value = (first - 48) * 100 + ((second ?? 0) - 48) * 10 + (third ?? 0) - 48;
  if (at + 4 > end || !isDigit(second) || !isDigit(third) || value > 255) {
    throw new NameError(
      `${quoted(text, at, Math.min(end, at + 4))} is not an escape: write a backslash and three digits up to 255, or a backslash and a character`,
    );
  }
  return value;
}

/** Characters that BIND escapes in a name; what is not printable becomes `\DDD`. */
const ESCAPED_IN_NAME = new Set(['.', ';', '\\', '@', '$', '"', '(', ')']);

/** Wire to presentation form, absolute with the final dot, spelled as BIND spells it. */
export function formatName(name: Name): string {
  if (name === ROOT) return '.';
  let text = '';
  for (let at = 0; ;) {
    const length = name.charCodeAt(at);
    if (length === 0) return text;
    const label = name.slice(at + 1, at + 1 + length);
    text += /^[A-Za-z0-9_*-]*$/.test(label) ? label : escapeLabel(label);
    text += '.';
    at += 1 + length;
  }
}

function escapeLabel(label: string): string {
  let text = '';
  for (const char of label) {
    const octet = char.charCodeAt(0);
    if (ESCAPED_IN_NAME.has(char)) text += '\\' + char;
    else if (octet > 32 && octet < 127) text += char;
    else text += '\\' + String(octet).padStart(3, '0');
  }
  return text;
}

/** ASCII lower case (RFC 4343 §3); length octets are below 64 and so never letters. */
export function lowerName(name: Name): Name {
  return (/[A-Z]/.test(name) ? name.replace(/[A-Z]+/g, (upper) => upper.toLowerCase()) : name) as Name;
}

/** The labels from left to right, without the root. */
export function labelsOf(name: Name): string[] {
  const labels: string[] = [];
  for (let at = 0, length = name.charCodeAt(0); length !== 0; at += 1 + length, length = name.charCodeAt(at)) {
    labels.push(name.slice(at + 1, at + 1 + length));
  }
  return labels;
}

/** The name one label up; the root has none. */
export function parentOf(name: Name): Name | undefined {
  return name === ROOT ? undefined : (name.slice(1 + name.charCodeAt(0)) as Name);
}

/** Is `name` at or below `ancestor`? Both in lower case (`lowerName`). */
export function isAtOrBelow(name: Name, ancestor: Name): boolean {
  if (!name.endsWith(ancestor)) return false;
  // The tail may begin inside a label: walk the labels to be sure.
  const start = name.length - ancestor.length;
  let at = 0;
  while (at < start) at += 1 + name.charCodeAt(at);
  return at === start;
}

/** Wire octets of `octets` from `at`, read as an uncompressed name. Throws NameError where they are not one. */
export function nameAt(octets: string, at: number): Name {
  let end = at;
  for (;;) {
    const length = octets.charCodeAt(end);
    if (Number.isNaN(length) || length > MAX_LABEL) throw new NameError('the octets do not hold a domain name');
    end += 1 + length;
    if (end - at > MAX_NAME) throw new NameError(`the name is longer than ${MAX_NAME} octets`);
    if (length === 0) return octets.slice(at, end) as Name;
  }
}
