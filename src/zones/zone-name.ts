import { domainToASCII } from 'node:url';
import { ClusterError } from '../errors.js';

declare const checkedZoneName: unique symbol;

/** A zone's name as the cluster keys it: lower case, ASCII (IDN as A-labels), no final dot, checked. */
export type ZoneName = string & { readonly [checkedZoneName]: true };

const LABEL = /^[a-z0-9_]([a-z0-9_/-]{0,61}[a-z0-9_])?$/; // with "_" for service names and "/" for RFC 2317

/**
 * Checks and normalizes a zone's name as people, peers and forms write it: `Example.COM.`, `bücher.example`,
 * `0/26.2.0.192.in-addr.arpa`. Compare the answer with the input to tell that an IDN was converted.
 * Throws zone_name_invalid with the reason.
 */
export function zoneName(input: string): ZoneName {
  const refuse = (why: string): never => {
    throw new ClusterError('zone_name_invalid', {
      name: input.slice(0, 80).replace(/[^\x20-\x7e\u00a0-\uffff]/g, '?'),
      why,
    });
  };
  let text = input.endsWith('.') ? input.slice(0, -1) : input;
  if (text === '') return refuse('it is empty');
  // domainToASCII drops or reinterprets what a URL host may not hold, so it only ever sees letters above ASCII.
  if (/[\u0080-\uffff]/.test(text))
    text = /[\s/%#?@:[\]\\]/.test(text) ? refuse('it holds a character that is not allowed') : domainToASCII(text);
  if (text === '') return refuse('it cannot be written as an internationalized domain name');
  text = text.toLowerCase();
  if (text.length > 253) return refuse('it is longer than 253 characters');
  for (const label of text.split('.')) {
    if (label === '') return refuse('it has an empty label');
    if (label.length > 63) return refuse('a label is longer than 63 characters');
    if (!LABEL.test(label)) return refuse(`the label "${label.slice(0, 63)}" holds a character that is not allowed`);
  }
  return text as ZoneName;
}

/** Was `input` an internationalized name that `zoneName` converted? */
export function wasConverted(input: string): boolean {
  return /[\u0080-\uffff]/.test(input);
}
