import { inSlices } from '../../operations/in-slices.js';
import type { ZoneName } from '../../zones/zone-name.js';
import type { ZoneStore } from '../../zones/zone-store.js';

/** Zones that this server lost: a member took them from it, and they are neither here now nor were removed here. */
export class LostZones {
  readonly #store: Pick<ZoneStore, 'get' | 'tombstone'>;
  /** Zone → host name of the member. */
  readonly #found = new Map<ZoneName, string>();

  constructor(store: Pick<ZoneStore, 'get' | 'tombstone'>) {
    this.#store = store;
  }

  /** Compares what a member acknowledged with what is here. */
  async compare(acknowledged: Iterable<readonly [zone: string, ...unknown[]]>, member: string): Promise<void> {
    await inSlices(acknowledged, ([zone]) => {
      if (this.#isLost(zone as ZoneName)) this.#found.set(zone as ZoneName, member);
    });
  }

  /** Those that are lost still. */
  list(): { zone: ZoneName; member: string }[] {
    for (const zone of this.#found.keys()) if (!this.#isLost(zone)) this.#found.delete(zone);
    return [...this.#found].map(([zone, member]) => ({ zone, member }));
  }

  #isLost(zone: ZoneName): boolean {
    return this.#store.get(zone) === undefined && this.#store.tombstone(zone) === undefined;
  }
}
