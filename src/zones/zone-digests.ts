import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { inSlices } from '../operations/in-slices.js';
import type { ZoneName } from './zone-name.js';

/** What tells a version of a zone. */
interface ZoneDigest {
  name: ZoneName;
  digest: string;
}

/**
 * The bucket of a zone, two hex digits: 256 hashes tell whether 100,000 zones are the same, and which of them to look
 * at if not.
 */
function bucketOf(name: ZoneName): string {
  return (crc32(name) & 0xff).toString(16).padStart(2, '0');
}

/** Zones by their buckets. In slices: 100,000 take a tenth of a second. */
export async function inBuckets<Z extends ZoneDigest>(zones: Iterable<Z>): Promise<Map<string, Z[]>> {
  const buckets = new Map<string, Z[]>();
  await inSlices(zones, (zone) => {
    const bucket = bucketOf(zone.name);
    const others = buckets.get(bucket);
    if (others === undefined) buckets.set(bucket, [zone]);
    else others.push(zone);
  });
  return buckets;
}

/** The hash of each bucket, in slices. */
export async function hashesOf(buckets: ReadonlyMap<string, readonly ZoneDigest[]>): Promise<Map<string, string>> {
  const hashes = new Map<string, string>();
  await inSlices(buckets, ([bucket, zones]) => hashes.set(bucket, hashOfBucket(zones)));
  return hashes;
}

/** A hash over the names and digests of a bucket, in the order of the names: equal where its zones are. Hex. */
function hashOfBucket(zones: readonly ZoneDigest[]): string {
  const sorted = [...zones].sort((a, b) => (a.name < b.name ? -1 : 1));
  const lines = sorted.map(({ name, digest }) => `${name} ${digest}\n`);
  return createHash('sha256').update(lines.join('')).digest('hex');
}
