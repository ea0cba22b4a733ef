import type { ZoneName } from '../../zones/zone-name.js';

/** So many zones are known with the servers that they came by, and so many versions of each; the oldest are forgotten. */
const MOST_ZONES = 200_000;
const MOST_VERSIONS = 8;
/** Stands for the digest of a zone that was removed. */
const REMOVED = '';

/**
 * By which servers the versions of a zone came here, so that none is sent back to them: a ring of servers that pass changes on then ends.
 * Versions before the present one count, too: one may be on its way to a member yet, and would come back over the newer ones.
 */
export class Origins {
  readonly #came = new Map<ZoneName, Map<string, readonly string[]>>();

  /** The version with this digest, or the removal (undefined), came by these servers; by none where the change was made here. */
  note(name: ZoneName, digest: string = REMOVED, hosts: readonly string[] = []): void {
    const versions = this.#came.get(name) ?? new Map<string, readonly string[]>();
    versions.delete(digest);
    if (hosts.length > 0) versions.set(digest, hosts);
    dropOldest(versions, MOST_VERSIONS);
    this.#came.delete(name);
    if (versions.size > 0) this.#came.set(name, versions);
    dropOldest(this.#came, MOST_ZONES);
  }

  /** The servers by which this version, or the removal, came. */
  of(name: ZoneName, digest: string = REMOVED): readonly string[] {
    return this.#came.get(name)?.get(digest) ?? [];
  }
}

function dropOldest<K>(map: Map<K, unknown>, most: number): void {
  for (const key of map.keys()) {
    if (map.size <= most) return;
    map.delete(key);
  }
}
