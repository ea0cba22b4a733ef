import type { Pair } from './form-pairs.js';
import { percentEncode } from './percent.js';

const PREFIX = 'cpdnszone-';
/** Between nodes of this software, before a zone: the last serial that its server knows to have given. */
const GIVEN = 'lastgiven-';

/** A bundle of zones as the wire carries it: `cpdnszone-NAME=TEXT&` for each, both percent-encoded. */
export function encodeBundle(zones: Iterable<{ name: string; text: Buffer }>): Buffer {
  const parts: Buffer[] = [];
  for (const { name, text } of zones) {
    parts.push(
      Buffer.from(PREFIX),
      percentEncode(Buffer.from(name)),
      Buffer.from('='),
      percentEncode(text),
      Buffer.from('&'),
    );
  }
  return Buffer.concat(parts);
}

/** The same for a node of this software, with the last serials that were given (empty: none is known). */
export function encodeOwnBundle(zones: Iterable<{ name: string; text: Buffer; lastGiven?: number | null }>): Buffer {
  const parts: Buffer[] = [];
  for (const zone of zones) {
    const { name, lastGiven } = zone;
    if (lastGiven !== undefined) {
      parts.push(Buffer.from(GIVEN), percentEncode(Buffer.from(name)), Buffer.from(`=${lastGiven ?? ''}&`));
    }
    parts.push(encodeBundle([zone]));
  }
  return Buffer.concat(parts);
}

/** What such a pair says: of which zone, and the serial, or null for none; undefined where it is another pair. */
export function lastGivenOf({ key, value }: Pair): { name: string; serial: number | null } | undefined {
  if (!key.startsWith(GIVEN)) return undefined;
  const serial = /^[0-9]{1,10}$/.test(value.toString('latin1')) ? Number(value.toString('latin1')) : null;
  return { name: key.slice(GIVEN.length), serial };
}

/** The zone's name in a bundle's key; undefined for other keys (`dnsuniqid`, DNSSEC keys). */
export function zoneOfKey(key: string): string | undefined {
  return key.startsWith(PREFIX) ? key.slice(PREFIX.length) : undefined;
}
