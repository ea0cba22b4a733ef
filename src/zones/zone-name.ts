import { domainToASCII } from 'node:url';
import { ClusterError } from '../errors.js';

declare const checkedZoneName: unique symbol;

/** A zone's name as the cluster keys it: lower case, ASCII (IDN as A-labels), no final dot, checked. */
export type ZoneName = string & { readonly [checkedZoneName]: true };

const LABEL = /^[a-z0-9_]([a-z0-9_/-]{0,61}[a-z0-9_])?$/; // with "_" for service names and "/" for RFC 2317
/** Longer than any name with each octet escaped and blanks around it. */
const LONGEST_INPUT = 2_000;
const ABOVE_ASCII = /[\u0080-\uffff]/;
/** Written as in master files, `\DDD` or `\X` (RFC 1035 §5.1). */
const ESCAPE = /\\(\d{3}|[^\d])/g;

/**
 * The name of a zone, as people, peers, files and forms write it: `Example.COM.`, ` bücher.example`, `example.com.db`
 * (WHM names a zone by its file), `\101xample.com`, `0/26.2.0.192.in-addr.arpa`. All spellings of a name give the same
 * one, and it stays the same when it is read again, so what is authorized here is what a member understands. Compare
 * the answer with the input to tell that it was converted. Throws zone_name_invalid with the reason.
 */
export function zoneName(input: string): ZoneName {
  return checked(input, (text) => text.replace(/\.db$/, ''));
}

/** As `zoneName`, of a name that a nameserver or a record gives: there `db` is a label, and such a zone is refused. */
export function servedZoneName(input: string): ZoneName {
  return checked(input, (text) => text);
}

function checked(input: string, withoutFile: (text: string) => string): ZoneName {
  const refuse = (why: string): never => {
    throw new ClusterError('zone_name_invalid', {
      name: input.slice(0, 80).replace(/[^\x20-\x7e\u00a0-\uffff]/g, '?'),
      why,
    });
  };
  if (input.length > LONGEST_INPUT) return refuse('it is longer than 253 characters');
  let text = asciiOf(unescaped(input.trim(), refuse), refuse).toLowerCase().replace(/\.$/, '');
  text = withoutFile(text);
  if (text === '') return refuse('it is empty');
  if (text.length > 253) return refuse('it is longer than 253 characters');
  for (const label of text.split('.')) {
    if (label === '') return refuse('it has an empty label');
    if (label.length > 63) return refuse('a label is longer than 63 characters');
    if (!LABEL.test(label)) return refuse(`the label "${label.slice(0, 63)}" holds a character that is not allowed`);
  }
  // Members take `example.com.db` for the file of `example.com`: a zone of that name would become the other one there.
  if (isNameOfFile(text))
    return refuse('there is no top-level domain "db", and servers take it for the name of a file');
  return text as ZoneName;
}

type Refuse = (why: string) => never;

function unescaped(text: string, refuse: Refuse): string {
  if (!text.includes('\\')) return text;
  return text.replace(ESCAPE, (_, escaped: string) => {
    const character = escaped.length === 1 ? escaped : String.fromCharCode(Number(escaped));
    // An escaped dot is part of its label, which no zone's name here may hold.
    return /^[a-z0-9_/-]$/i.test(character) ? character : refuse('it escapes a character that is not allowed');
  });
}

/** With A-labels in place of U-labels (RFC 5890). */
function asciiOf(text: string, refuse: Refuse): string {
  if (!ABOVE_ASCII.test(text)) return text;
  // The function is for the hosts of URLs: it drops or reads otherwise what these may not hold, and takes a last label
  // of digits for an address.
  if (/[\s/%#?@:[\]\\]/.test(text)) return refuse('it holds a character that is not allowed');
  const labels = text.split(/[.\u3002\uff0e\uff61]/); // the dots of IDNA (RFC 3490 §3.1)
  return labels
    .map((label) => (ABOVE_ASCII.test(label) ? domainToASCII(`${label}.example`).replace(/\.example$/, '') : label))
    .map((label, i) =>
      label === '' && labels[i] !== '' ? refuse('it cannot be written as an internationalized domain name') : label,
    )
    .join('.');
}

/** Does it end in the label `db`, so that servers take it for the file of another zone? */
export function isNameOfFile(name: string): boolean {
  return /(^|\.)db$/i.test(name);
}

/**
 * Of a new zone: labels that begin as A-labels do are such (RFC 5890 §2.3.2.1). Zones of other names that are there are
 * kept. Throws zone_name_invalid.
 */
export function demandALabels(name: ZoneName): void {
  const wrong = name.split('.').find((label) => label.startsWith('xn--') && domainToASCII(label) !== label);
  if (wrong === undefined) return;
  throw new ClusterError('zone_name_invalid', { name, why: `the label "${wrong}" is no internationalized name` });
}

/** Is this a zone's name as the cluster keys it, and not another spelling of one? */
export function isZoneName(name: string): boolean {
  try {
    return zoneName(name) === name;
  } catch {
    return false;
  }
}

/** Was `input` an internationalized name that `zoneName` converted? */
export function wasConverted(input: string): boolean {
  return ABOVE_ASCII.test(input);
}
