import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ClusterError, sentenceOf } from '../errors.js';
import { defined } from '../operations/defined.js';
import type { Log } from '../operations/log.js';
import { HandEdits } from './hand-edits.js';
import { JournalFolding } from './journal/journal-folding.js';
import { replayJournal } from './journal/journal-replay.js';
import { ZoneFiles } from './zone-files.js';
import type { ZoneHome } from './home.js';
import type { Tombstone, ZoneEntry, ZoneIndex, ZoneVersion } from './zone-index.js';
import { RecentTexts } from './recent-texts.js';
import { namesOf, ZoneJournal, type JournalDamage, type JournalStep } from './journal/zone-journal.js';
import type { ZoneName } from './zone-name.js';
import { dropOtherNames, dropStrayPrevious, recoverIndex } from './zone-recovery.js';
import { ZoneSteps } from './zone-steps.js';
import type { ZoneRemoval, ZoneWrite } from './zone-write.js';

/** The journal is folded into files and index when it has grown to this. */
const CHECKPOINT_OCTETS = 32 * 1024 * 1024;
/** With at most so many files to sync, closing folds the journal, too. */
const FOLD_AT_CLOSE = 500;

interface ZoneStoreOptions {
  log: Log;
  checkpoint?: number; // octets of journal after which it is folded into files and index
}

/**
 * The zones of this server: master files on disk are the truth, an index in memory knows them without reading. A change
 * is durable when its call resolves, and whole or absent after a crash at any moment. One process owns the folder
 * (FolderLock).
 */
export class ZoneStore {
  readonly #log: Log;
  readonly #files: ZoneFiles;
  readonly #index: ZoneIndex;
  readonly #journal: ZoneJournal;
  readonly #steps: ZoneSteps;
  readonly #checkpointOctets: number;
  /** What persons did to the files. */
  readonly edits: HandEdits;
  #chain: Promise<void> = Promise.resolve();
  readonly #folding: JournalFolding;
  /** What this start found damaged in the journal. */
  readonly journalDamage: JournalDamage[] = [];
  readonly #recent: RecentTexts;

  private constructor(
    folder: string,
    { log, checkpoint }: ZoneStoreOptions,
    files: ZoneFiles,
    index: ZoneIndex,
    journal: ZoneJournal,
  ) {
    this.#log = log;
    this.#checkpointOctets = checkpoint ?? CHECKPOINT_OCTETS;
    this.#files = files;
    this.#index = index;
    this.#journal = journal;
    this.#steps = new ZoneSteps(files, index);
    const steps = this.#steps;
    this.#folding = new JournalFolding({ indexFile: join(folder, 'index'), files, index, journal, log, steps });
    this.#recent = new RecentTexts(files);
    this.edits = new HandEdits(files, index, this.#recent, log);
  }

  /**
   * Opens the folder, or begins it. What a crash left half done is completed from the journal; a lost index is rebuilt
   * from the files.
   */
  static async open(folder: string, options: ZoneStoreOptions): Promise<ZoneStore> {
    const { log } = options;
    await mkdir(folder, { recursive: true, mode: 0o750 });
    const files = await ZoneFiles.open(folder);
    const { index, rebuilt } = await recoverIndex(join(folder, 'index'), files, log);
    const journal = await ZoneJournal.open(folder);
    try {
      const store = new ZoneStore(folder, options, files, index, journal);
      const { performed, touched, damage } = await replayJournal(folder, { files, index, log });
      store.journalDamage.push(...damage);
      for (const name of touched) store.#steps.touched.add(name);
      dropOtherNames(index, log);
      await dropStrayPrevious(files, index);
      await store.edits.scan({ every: false });
      // What was replayed is in generations before the present one: it is folded while the server starts.
      if (rebuilt || performed > 0) store.#folding.begin();
      // Also where there are no zones yet: from now on a missing index means that it was lost.
      if (rebuilt) await store.#folding.finished();
      return store;
    } catch (error) {
      await journal.close();
      throw error;
    }
  }

  get size(): number {
    return this.#index.entries.size;
  }

  get(name: ZoneName): ZoneEntry | undefined {
    return this.#index.entries.get(name);
  }

  entries(): IterableIterator<ZoneEntry> {
    return this.#index.entries.values();
  }

  names(): Iterable<ZoneName> {
    return this.#index.entries.keys();
  }

  /** By name. */
  inOrder(): ZoneEntry[] {
    return this.#index.inOrder();
  }

  /** Servers have other names, or ids that are known now: resolves with how many zones that concerns. */
  async rehome(present: (home: ZoneHome) => ZoneHome): Promise<number> {
    const zones = this.#index.rehome(present);
    // It lasts when the index is written.
    if (zones > 0 && this.#folding.isDue) await this.#folding.turn();
    return zones;
  }

  /** How many zones belong to this account. */
  countOf(owner: string): number {
    return this.#index.countOf(owner);
  }

  /** The accounts that have zones here, or had one that was removed. */
  owners(): ReadonlySet<string> {
    return this.#index.owners();
  }

  /** Of removed zones; some are here again. */
  tombstones(): IterableIterator<[ZoneName, Tombstone]> {
    return this.#index.tombstones.entries();
  }

  tombstone(name: ZoneName): Tombstone | undefined {
    return this.#index.tombstones.get(name);
  }

  /** Absolute path of the master file. */
  fileOf(name: ZoneName): string {
    return this.#files.fileOf(name);
  }

  /** The master file's text as it stands; undefined where there is no such zone, or its file is missing: damage. */
  read(name: ZoneName): Buffer | undefined {
    if (!this.#index.entries.has(name)) return undefined;
    const text = this.#recent.read(name);
    if (text === undefined) this.edits.recordMissing(name);
    return text;
  }

  /** Zones whose present version was neither confirmed nor rolled back. The same records again leave that as it was. */
  unconfirmed(): ZoneName[] {
    return [...this.#index.unconfirmed.keys()];
  }

  /** Writes zones, one a name. Rejects with zones_not_written; then nothing has changed. */
  write(zones: readonly ZoneWrite[]): Promise<void> {
    const modified = Date.now();
    return this.#change(() =>
      zones.map(({ valid: { name, serial, digest, text }, owner, home, found }): JournalStep => {
        const entry = { name, serial, digest, owner, modified, ...defined({ home }) };
        return { kind: 'write', entry, text, ...(found === true ? { found } : {}) };
      }),
    );
  }

  /** Removes zones: the tombstone is durable before the file goes. What is not here is skipped. */
  remove(removals: readonly ZoneRemoval[], by: string): Promise<void> {
    const removedAt = Date.now();
    return this.#change(() => {
      return removals.flatMap(({ name, home, isKept }): JournalStep[] => {
        const held = this.get(name);
        if (held === undefined) return [];
        const { serial, owner } = held;
        return [{ kind: 'remove', name, tombstone: { serial, removedAt, by, owner, ...defined({ home, isKept }) } }];
      });
    });
  }

  /** Gives zones to another account: nothing else of them changes. Rejects with zones_not_written. */
  setOwner(names: readonly ZoneName[], owner: string): Promise<void> {
    return this.#change(() => [{ kind: 'own', names: names.filter((name) => this.get(name) !== undefined), owner }]);
  }

  /** States that zones were removed, with the serial that they have elsewhere; skips those that are here. */
  writeTombstones(zones: readonly ZoneVersion[], by: string): Promise<void> {
    const removedAt = Date.now();
    return this.#change(() =>
      zones.flatMap(({ name, serial }): JournalStep[] =>
        this.get(name) === undefined ? [{ kind: 'remove', name, tombstone: { serial, removedAt, by } }] : [],
      ),
    );
  }

  /**
   * The nameserver was seen serving these versions: the previous ones are dropped. A zone that is at another version by
   * now is left alone. Never rejects: a confirmation that is lost is made again at the next start, so it is not synced
   * either.
   */
  async confirm(versions: readonly ZoneVersion[]): Promise<void> {
    const confirmed = (): JournalStep[] => [{ kind: 'confirm', names: this.#present(versions) }];
    await this.#change(confirmed, false).catch((error: unknown) => {
      this.#log.error({ error: sentenceOf(error) }, 'it could not be noted which zones the nameserver serves');
    });
  }

  /**
   * Puts the last confirmed version back where the zone is still at this one; a zone that was new is as if it had never
   * come. Where the text to go back to is not here, because a person changed the file, the file stays, and the zone is
   * at the version before without it. Resolves with the zones that were. Rejects with zones_not_written.
   */
  async rollback(versions: readonly (ZoneVersion & { why?: string })[]): Promise<ZoneName[]> {
    let steps: JournalStep[] = [];
    await this.#change(() => {
      steps = this.#present(versions).flatMap((name) => this.#steps.back(name) ?? []);
      return [...steps, { kind: 'confirm', names: steps.flatMap((step) => namesOf(step)) }];
    });
    const reasons = new Map(versions.map(({ name, why }) => [name, why ?? 'no reason given']));
    for (const step of steps) {
      if (step.kind !== 'disown') continue;
      this.edits.recordBroken(step.name, `the nameserver refused it: ${reasons.get(step.name) ?? ''}`);
    }
    return steps.flatMap((step) => namesOf(step));
  }

  /**
   * From when this resolves until the returned function is called, the journal keeps every change since the index was
   * written: who copies the files meanwhile, and the journal last, has all of it.
   */
  async hold(): Promise<() => void> {
    const release = this.#folding.hold();
    await this.#chain;
    await this.#folding.finished();
    return release;
  }

  async close(): Promise<void> {
    await this.#chain;
    await this.#folding.finished();
    // Much is left to the journal, which the next start replays: nobody waits long for the end.
    if (this.#steps.touched.size <= FOLD_AT_CLOSE && this.#folding.isDue) {
      await this.#folding.turn();
      await this.#folding.finished();
    }
    await this.#journal.close();
  }

  /** Those whose present version is this one, not yet confirmed. */
  #present(versions: readonly ZoneVersion[]): ZoneName[] {
    const isOpen = ({ name, serial }: ZoneVersion): boolean =>
      this.#index.unconfirmed.has(name) && this.get(name)?.serial === serial;
    return versions.filter(isOpen).map(({ name }) => name);
  }

  /**
   * Texts into temporary files, then the journal (now the change is durable), then renames and index. What can fail for
   * want of room fails before anything is changed. One change after the other; each finds its steps when those before
   * it are through.
   */
  #change(find: () => JournalStep[], durable = true): Promise<void> {
    const next = this.#chain.then(async () => {
      const steps = find().filter((step) => !('names' in step) || step.names.length > 0);
      if (steps.length === 0) return;
      const prepared = await this.#write(steps, durable).catch((error: unknown) => {
        throw new ClusterError('zones_not_written', { why: sentenceOf(error) }, { cause: error });
      });
      await this.#steps.performAll(steps, prepared);
      for (const step of steps) {
        if (step.kind === 'write' && step.stamp !== undefined)
          this.#recent.written(step.entry.name, step.text, step.stamp);
        if (!('names' in step)) for (const name of namesOf(step)) this.edits.clear(name);
      }
      if (this.#journal.size > this.#checkpointOctets && this.#folding.isDue) await this.#folding.turn();
    });
    this.#chain = next.catch(() => undefined);
    return next;
  }

  /** All that can fail for want of room; nothing of it remains where it does. */
  async #write(steps: readonly JournalStep[], durable: boolean): Promise<ReadonlyMap<JournalStep, string>> {
    const prepared = await this.#steps.prepare(steps);
    try {
      await this.#journal.append(steps, durable);
    } catch (error) {
      this.#steps.discard(prepared);
      throw error;
    }
    return prepared;
  }
}
