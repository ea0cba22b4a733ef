import { percentEncode } from './percent.js';

const PREFIX = 'cpdnszone-';

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

/** The zone's name in a bundle's key; undefined for other keys (`dnsuniqid`, DNSSEC keys). */
export function zoneOfKey(key: string): string | undefined {
  return key.startsWith(PREFIX) ? key.slice(PREFIX.length) : undefined;
}
