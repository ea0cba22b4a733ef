/**
 * Domain names as their wire octets (RFC 1035 §3.1), one character per octet in a string ("octet string"). A string is
 * immutable, hashes and compares fast, takes a byte per octet, and can hold any octet, so that escaped dots and bytes above
 * 127 survive. Case is kept (RFC 4343); comparisons go through `lowerName`.
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

/**
 * Presentation form to wire. `text` is an octet string (bytes above 127 stand for themselves), may hold `\.` and `\DDD`
 * (RFC 1035 §5.1); `@` is the origin. A name without the final dot is relative to `origin`.
 * Throws NameError for empty or too long labels and names, bad escapes, or a relative name without an origin.
 */
export function parseName(text: string, origin?: Name): Name {
  if (text === '@') {
    if (origin === undefined) throw new NameError('"@" stands for the origin, and there is none here');
    return origin;
  }
  if (text === '.') return ROOT;
  if (text === '') throw new NameError('the name is empty');
  let wire = '';
  let label = '';
  let runStart = 0;
  let absolute = false;
  const last = text.length - 1;
  for (let i = 0; i <= last; i++) {
    const c = text.charCodeAt(i);
    if (c === BACKSLASH) {
      label += text.slice(runStart, i);
      const [octet, length] = unescape(text, i);
      label += octet;
      i += length - 1;
      runStart = i + 1;
    } else if (c === DOT) {
      label += text.slice(runStart, i);
      wire += wireLabel(label, text);
      label = '';
      runStart = i + 1;
      absolute = i === last;
    }
  }
  if (!absolute) {
    wire += wireLabel(label + text.slice(runStart), text);
    if (origin === undefined) throw new NameError(`"${text}" is relative, and there is no origin here`);
  }
  wire += absolute ? '\0' : (origin ?? ROOT);
  if (wire.length > MAX_NAME) throw new NameError(`the name "${text.slice(0, 60)}…" is longer than ${MAX_NAME} octets`);
  return wire as Name;
}

function wireLabel(label: string, text: string): string {
  if (label.length === 0) throw new NameError(`"${text}" has an empty label`);
  if (label.length > MAX_LABEL)
    throw new NameError(`the label "${label.slice(0, 30)}…" is longer than ${MAX_LABEL} octets`);
  return String.fromCharCode(label.length) + label;
}

/**
 * One escape at `text[at]`, which is a backslash: its octet and the length of its text (2 for `\x`, 4 for `\DDD`).
 * Throws NameError where it is cut off or above 255.
 */
export function unescape(text: string, at: number): [octet: string, length: number] {
  const first = text.charCodeAt(at + 1);
  if (Number.isNaN(first)) throw new NameError('a backslash at the end escapes nothing');
  if (first < 48 || first > 57) return [text.charAt(at + 1), 2];
  const digits = text.slice(at + 1, at + 4);
  if (!/^[0-9]{3}$/.test(digits) || Number(digits) > 255) {
    throw new NameError(
      `"\\${digits}" is not an escape: a backslash and three digits up to 255, or a backslash and a character`,
    );
  }
  return [String.fromCharCode(Number(digits)), 4];
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

/** Canonical order (RFC 4034 §6.1): by label from the right, each as lower-case octets. Both names in lower case. */
export function compareNames(a: Name, b: Name): number {
  if (a === b) return 0;
  const left = labelsOf(a);
  const right = labelsOf(b);
  for (let i = 1; i <= left.length && i <= right.length; i++) {
    const x = left[left.length - i] ?? '';
    const y = right[right.length - i] ?? '';
    if (x !== y) return x < y ? -1 : 1;
  }
  return left.length - right.length;
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
