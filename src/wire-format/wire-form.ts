import { randomBytes } from 'node:crypto';
import { inSlices } from '../operations/in-slices.js';
import { zoneName, type ZoneName } from '../zones/zone-name.js';
import { percentEncode } from './percent.js';

export type Fields = Readonly<Record<string, string | Buffer>>;

/** The body of a form, octets as they are. */
export function formOf(fields: Fields): Buffer {
  const parts = Object.entries(fields).flatMap(([key, value], i) => [
    Buffer.from(`${i === 0 ? '' : '&'}${key}=`),
    percentEncode(Buffer.from(value)),
  ]);
  return Buffer.concat(parts);
}

/** As originators choose it: random characters, an underscore, the time. */
export function uniqueId(): string {
  return `${randomBytes(16).toString('hex')}_${Math.floor(Date.now() / 1000)}`;
}

/** A zone's name as a member lists it; names with a leading dot are files that an editor left behind, and no zones. */
export function zoneOf(name: string): ZoneName | undefined {
  if (name === '' || name.startsWith('.')) return undefined;
  try {
    return zoneName(name);
  } catch {
    return undefined;
  }
}

/** The zones of a member's list, in slices: it may have 100,000. */
export async function zonesOf(lines: Iterable<string>): Promise<ZoneName[]> {
  const names: ZoneName[] = [];
  await inSlices(lines, (line) => {
    const name = zoneOf(line.trim());
    if (name !== undefined) names.push(name);
  });
  return names;
}
