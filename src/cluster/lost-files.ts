import { ownsOrIsRoot, type Principal } from '../access/principal.js';
import { ClusterError } from '../errors.js';
import { validateZone } from '../zones/validation.js';
import type { ZoneHistory } from '../zones/zone-history.js';
import type { ZoneName } from '../zones/zone-name.js';
import type { ZoneStore } from '../zones/zone-store.js';
import type { ChangeResult } from './cluster.js';
import type { MemberWorkers } from './member-workers.js';
import type { ZoneChanges } from './zone-changes.js';

const TIMEOUT = 10_000;

/** Brings zone files back that are missing or can't be used: nothing was removed, so somebody still has them. */
export class LostFiles {
  readonly #store: ZoneStore;
  readonly #workers: MemberWorkers;
  readonly #history: ZoneHistory;
  readonly #changes: ZoneChanges;

  constructor(options: { store: ZoneStore; workers: MemberWorkers; history: ZoneHistory; changes: ZoneChanges }) {
    this.#store = options.store;
    this.#workers = options.workers;
    this.#history = options.history;
    this.#changes = options.changes;
  }

  /**
   * The very version that was lost, from a member that took it; else the last one before, under a later serial. Rejects with
   * zone_unknown, zone_file_sound, zone_not_kept.
   */
  async restore(zone: ZoneName, by: Principal): Promise<ChangeResult> {
    const entry = this.#store.get(zone);
    if (entry === undefined || !ownsOrIsRoot(by, entry.owner)) throw new ClusterError('zone_unknown', { zone });
    if (this.#store.edits.version(zone) !== undefined) throw new ClusterError('zone_file_sound', { zone });
    const text = (await this.#fromMember(zone, entry.digest)) ?? (await this.#history.of(zone))[0]?.text;
    if (text === undefined) throw new ClusterError('zone_not_kept', { zone });
    return this.#changes.save(zone, text, by);
  }

  async #fromMember(zone: ZoneName, digest: string): Promise<Buffer | undefined> {
    for (const { worker } of this.#workers.running()) {
      if (!worker.holds(zone) || worker.health.state !== 'online') continue;
      try {
        const text = (await worker.ask((backend) => backend.zones([zone]), TIMEOUT)).get(zone);
        if (text !== undefined && validateZone(zone, text).digest === digest) return text;
      } catch {
        // The next one may have it; its row says that this one fails.
      }
    }
    return undefined;
  }
}
