import { LRUCache } from 'lru-cache';
import type { ZoneName } from '../../zones/zone-name.js';

/** At most this many versions are remembered; those unused for longest are forgotten. */
const MOST_VERSIONS = 400_000;
/** Stands for the digest of a zone that was removed. */
const REMOVED = '';

/**
 * By which servers the versions of a zone came here, so that none is sent back to them: a ring of servers that pass
 * changes on then ends. Versions before the present one count, too: one may be on its way to a member yet, and would
 * come back over the newer ones.
 */
export class HostsSeen {
  /** Bounded by sizes, each 1, as room for a bound by number would be taken at once. */
  readonly #came: LRUCache<string, readonly string[]>;

  constructor(most = MOST_VERSIONS) {
    this.#came = new LRUCache({ maxSize: most, sizeCalculation: () => 1 });
  }

  /** Servers by which the version with this digest, or the removal (undefined), came; none if it was made here. */
  record(name: ZoneName, digest: string = REMOVED, hosts: readonly string[] = []): void {
    if (hosts.length === 0) this.#came.delete(keyOf(name, digest));
    else this.#came.set(keyOf(name, digest), hosts);
  }

  /** The servers by which this version, or the removal, came. */
  of(name: ZoneName, digest: string = REMOVED): readonly string[] {
    return this.#came.get(keyOf(name, digest)) ?? [];
  }
}

function keyOf(name: ZoneName, digest: string): string {
  return `${name} ${digest}`;
}
