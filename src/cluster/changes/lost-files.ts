import { ownsOrIsRoot, type Principal } from '../../access/principal.js';
import { ClusterError } from '../../errors.js';
import { inSlices } from '../../operations/in-slices.js';
import { validateZone, type ValidZone } from '../../zones/validation.js';
import { versionsOf, type ZoneHistory } from '../../zones/zone-history.js';
import type { ZoneEntry } from '../../zones/zone-index.js';
import type { ZoneName } from '../../zones/zone-name.js';
import type { ZoneStore } from '../../zones/zone-store.js';
import { inBatch } from './batch.js';
import type { Delivery } from '../delivery/delivery.js';
import type { Rescan, RescanResult } from '../local/rescan.js';
import type { ZoneChanges } from './zone-changes.js';
import type { BatchOutcome, ChangeResult } from '../model/results.js';
import { type Audit, authorizeRoot } from '../model/audit.js';

const TIMEOUT = 30_000;
/** Zones that a member is asked for in one call. */
const BATCH = 512;

/** What members gave of versions that were lost. */
interface Found {
  zones: Map<ZoneName, ValidZone>;
  /** Zones of which this member has the version, and does not answer. */
  silent: Map<ZoneName, string>;
}

interface LostFilesOptions {
  store: ZoneStore;
  workers: Delivery;
  history: ZoneHistory;
  changes: ZoneChanges;
  rescan: Rescan;
  audit: Audit;
}

/** Brings zone files back that are missing or can't be used: nothing was removed, so somebody still has them. */
export class LostFiles {
  readonly #options: LostFilesOptions;

  constructor(options: LostFilesOptions) {
    this.#options = options;
  }

  /**
   * The very version that was lost, from a member that took it; else the last one before, under a later serial, with a
   * warning. Rejects with zone_unknown, zone_file_sound, zone_not_kept; with zone_held_there where a member has the
   * lost version and does not answer.
   */
  restore(zone: ZoneName, by: Principal): Promise<ChangeResult> {
    return this.#options.audit.command(by, 'restoreFile', zone, () => this.#restore(zone, by));
  }

  /** The same for all files of theirs that are missing, one outcome each; what a person is editing is left alone. */
  restoreAll(by: Principal): Promise<BatchOutcome[]> {
    return this.#options.audit.command(by, 'restoreFiles', 'all missing files', () => this.#restoreAll(by));
  }

  /** Takes what people did to the zone files on disk. Root's alone. */
  rescan(by: Principal): Promise<RescanResult> {
    return this.#options.audit.command(by, 'rescanZones', 'zone files', () => {
      authorizeRoot(by);
      return this.#options.rescan.run();
    });
  }

  async #restore(zone: ZoneName, by: Principal): Promise<ChangeResult> {
    const { store } = this.#options;
    const entry = store.get(zone);
    if (entry === undefined || !ownsOrIsRoot(by, entry.owner)) throw new ClusterError('zone_unknown', { zone });
    if (store.edits.version(zone) !== undefined) throw new ClusterError('zone_file_sound', { zone });
    return this.#restoreFrom(zone, await this.#fromMembers([entry]), by);
  }

  async #restoreAll(by: Principal): Promise<BatchOutcome[]> {
    const { store } = this.#options;
    await store.edits.scanForMissing(store.size);
    const missing = store.edits.missing().flatMap((name) => store.get(name) ?? []);
    const theirs = missing.filter(({ owner }) => ownsOrIsRoot(by, owner));
    const outcomes: BatchOutcome[] = [];
    for (let at = 0; at < theirs.length; at += BATCH) {
      const batch = theirs.slice(at, at + BATCH);
      const found = await this.#fromMembers(batch);
      outcomes.push(...(await inBatch(batch, ({ name }) => this.#restoreFrom(name, found, by))));
    }
    return outcomes;
  }

  async #restoreFrom(zone: ZoneName, { zones, silent }: Found, by: Principal): Promise<ChangeResult> {
    const { changes, history, store } = this.#options;
    const lost = zones.get(zone);
    if (lost !== undefined) return changes.save(zone, lost, by, { ifText: 'damaged' });
    const member = silent.get(zone);
    // An older one would take the place of what is lost there, too.
    if (member !== undefined) throw new ClusterError('zone_held_there', { zone, member });
    // A text of somebody who had a zone of this name before is nobody's to have back.
    const versions = await history.of(zone);
    const [before] = versionsOf(store.get(zone)?.owner ?? '', versions);
    if (before === undefined) throw new ClusterError('zone_not_kept', { zone });
    const result = await changes.save(zone, before.text, by, { ifText: 'damaged' });
    const warning = `No member had the lost version. This is the one before, which was replaced at ${before.time}.`;
    return { ...result, warnings: [warning, ...result.warnings] };
  }

  async #fromMembers(entries: readonly ZoneEntry[]): Promise<Found> {
    const found: Found = { zones: new Map(), silent: new Map() };
    for (const { worker, member } of this.#options.workers.running()) {
      const wanted = entries.filter(
        ({ name, digest }) => !found.zones.has(name) && worker.acknowledged.holds(name, digest),
      );
      if (wanted.length === 0) continue;
      try {
        const names = wanted.map(({ name }) => name);
        const texts = await worker.contact.ask((backend, options) => backend.zones(names, options), TIMEOUT);
        await inSlices(wanted, ({ name, digest }) => {
          const valid = soundZone(name, texts.get(name));
          if (valid?.digest === digest) found.zones.set(name, valid);
        });
      } catch {
        // The next one may have them; its row says that this one fails.
        for (const { name } of wanted) found.silent.set(name, member.hostname);
      }
    }
    return found;
  }
}

/** Undefined where it is none. */
function soundZone(name: ZoneName, text: Buffer | undefined): ValidZone | undefined {
  try {
    return text && validateZone(name, text);
  } catch {
    return undefined;
  }
}
