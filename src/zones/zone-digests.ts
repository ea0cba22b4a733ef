import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { ZoneName } from './zone-name.js';

/** What tells a version of a zone. */
interface ZoneDigest {
  name: ZoneName;
  digest: string;
}

/** The bucket of a zone, two hex digits: 256 hashes tell whether 100,000 zones are the same, and which of them to look at if not. */
function bucketOf(name: ZoneName): string {
  return (crc32(name) & 0xff).toString(16).padStart(2, '0');
}

/** Zones by their buckets. */
export function inBuckets<Z extends ZoneDigest>(zones: Iterable<Z>): Map<string, Z[]> {
  const buckets = new Map<string, Z[]>();
  for (const zone of zones) {
    const bucket = bucketOf(zone.name);
    const others = buckets.get(bucket);
    if (others === undefined) buckets.set(bucket, [zone]);
    else others.push(zone);
  }
  return buckets;
}

/** A hash over the names and digests of a bucket, in the order of the names: equal where its zones are. Hex. */
export function hashOfBucket(zones: readonly ZoneDigest[]): string {
  const hash = createHash('sha256');
  const sorted = [...zones].sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const { name, digest } of sorted) hash.update(`${name} ${digest}\n`);
  return hash.digest('hex');
}
