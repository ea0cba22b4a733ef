import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { ClusterError, sentenceOf } from '../errors.js';
import type { Log } from '../operations/log.js';
import { validateZone, type ValidZone } from './validation.js';
import { ZoneFiles } from './zone-files.js';
import { ZoneIndex, type Tombstone, type ZoneEntry } from './zone-index.js';
import { ZoneJournal, type JournalStep } from './zone-journal.js';
import { zoneName, type ZoneName } from './zone-name.js';

/** The journal is folded into files and index when it has grown to this. */
const CHECKPOINT_OCTETS = 32 * 1024 * 1024;
/** With at most so many files to sync, closing folds the journal, too. */
const FOLD_AT_CLOSE = 500;
/** So many files are written without giving way to the event loop: 2 to 3 ms. */
const SLICE = 32;

/**
 * The zones of this server: master files on disk are the truth, an index in memory knows them without reading. A change is
 * durable when its call resolves, and whole or absent after a crash at any moment. One process owns the folder (FolderLock).
 */
export class ZoneStore {
  readonly #folder: string;
  readonly #log: Log;
  readonly #files: ZoneFiles;
  readonly #index: ZoneIndex;
  readonly #journal: ZoneJournal;
  readonly #damaged = new Set<ZoneName>();
  #touched = new Set<ZoneName>();
  #chain: Promise<void> = Promise.resolve();
  #checkpoint: Promise<void> | undefined;

  private constructor(folder: string, log: Log, files: ZoneFiles, index: ZoneIndex, journal: ZoneJournal) {
    this.#folder = folder;
    this.#log = log;
    this.#files = files;
    this.#index = index;
    this.#journal = journal;
  }

  /** Opens the folder, or begins it. What a crash left half done is completed from the journal; a lost index is rebuilt from the files. */
  static async open(folder: string, { log }: { log: Log }): Promise<ZoneStore> {
    await mkdir(folder, { recursive: true, mode: 0o750 });
    const files = await ZoneFiles.open(folder);
    const snapshot = await ZoneIndex.read(indexFile(folder));
    if (snapshot === 'damaged') {
      const aside = `${indexFile(folder)}.damaged-${Date.now()}`;
      await rename(indexFile(folder), aside);
      log.error({ aside }, 'the zone index is damaged; it was set aside and is rebuilt from the zone files');
    }
    const sound = snapshot instanceof ZoneIndex ? snapshot : undefined;
    const index = sound ?? new ZoneIndex();
    if (sound === undefined) await indexFromFiles(files, index, log);
    const store = new ZoneStore(folder, log, files, index, await ZoneJournal.open(folder));
    let steps = 0;
    for await (const step of ZoneJournal.replay(folder)) {
      store.#perform(step);
      steps++;
    }
    await store.#lookForDamage();
    if (sound === undefined && index.entries.size > 0) await store.#fold();
    // What was replayed is in generations before the present one: it is folded while the server starts.
    else if (steps > 0) store.#checkpoint = store.#foldBeside();
    return store;
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

  tombstone(name: ZoneName): Tombstone | undefined {
    return this.#index.tombstones.get(name);
  }

  /** Absolute path of the master file, for the nameserver. */
  fileOf(name: ZoneName): string {
    return this.#files.fileOf(name);
  }

  /** The master file's text; undefined where there is no such zone, or its file is missing (then it counts as damaged). */
  read(name: ZoneName): Buffer | undefined {
    if (!this.#index.entries.has(name)) return undefined;
    const text = this.#files.read(name);
    if (text === undefined) this.#reportMissing(name);
    return text;
  }

  /** Zones whose file is gone without a removal: reported, and never taken for a removal. */
  damaged(): ZoneName[] {
    return [...this.#damaged];
  }

  /** Zones whose present version was neither confirmed nor rolled back. */
  unconfirmed(): ZoneName[] {
    return [...this.#index.unconfirmed.keys()];
  }

  /** Writes zones, one a name. Rejects with zones_not_written; then nothing has changed. */
  write(zones: readonly { valid: ValidZone; owner: string }[]): Promise<void> {
    const modified = Date.now();
    return this.#change(
      zones.map(({ valid: { name, serial, digest, text }, owner }): JournalStep => {
        return { kind: 'write', entry: { name, serial, digest, owner, modified }, text };
      }),
    );
  }

  /** Removes zones: the tombstone is durable before the file goes. */
  remove(names: readonly ZoneName[], by: string): Promise<void> {
    const removedAt = Date.now();
    return this.#change(
      names.map((name): JournalStep => {
        const serial = this.#index.entries.get(name)?.serial ?? 0;
        return { kind: 'remove', name, tombstone: { serial, removedAt, by } };
      }),
    );
  }

  /** The nameserver was seen serving the present versions: the previous ones are dropped. */
  async confirm(names: readonly ZoneName[]): Promise<void> {
    const open = names.filter((name) => this.#index.unconfirmed.has(name));
    // Not synced: a confirmation that is lost in a crash is made again at the next start.
    if (open.length > 0) await this.#change([{ kind: 'confirm', names: open }], false);
  }

  /** Puts the last confirmed versions back; a zone that was new is as if it had never come. */
  async rollback(names: readonly ZoneName[]): Promise<void> {
    const steps: JournalStep[] = [];
    for (const name of names) {
      const state = this.#index.unconfirmed.get(name);
      const text = state === 'changed' ? this.#files.readPrevious(name) : undefined;
      if (state === 'new') steps.push({ kind: 'withdraw', name });
      else if (text !== undefined) {
        const { serial, digest } = validateZone(name, text);
        const owner = this.#index.entries.get(name)?.owner ?? 'root';
        steps.push({ kind: 'write', entry: { name, serial, digest, owner, modified: Date.now() }, text });
      }
    }
    if (steps.length > 0) await this.#change(steps);
    await this.confirm(names);
  }

  async close(): Promise<void> {
    await this.#chain;
    await this.#checkpoint;
    // Much is left to the journal, which the next start replays: nobody waits long for the end.
    if (this.#touched.size <= FOLD_AT_CLOSE) await this.#fold();
    await this.#journal.close();
  }

  /**
   * Texts into temporary files, then the journal (now the change is durable), then renames and index. What can fail for want of
   * room fails before anything is changed. One change after the other.
   */
  #change(steps: readonly JournalStep[], durable = true): Promise<void> {
    const next = this.#chain.then(async () => {
      const prepared = new Map<JournalStep, string>();
      try {
        await inSlices(steps, (step) => {
          if (step.kind === 'write') prepared.set(step, this.#files.prepare(step.text));
        });
        await this.#journal.append(steps, durable);
      } catch (error) {
        for (const file of prepared.values()) this.#files.discard(file);
        throw new ClusterError('zones_not_written', { why: sentenceOf(error) }, { cause: error });
      }
      await inSlices(steps, (step) => this.#perform(step, prepared.get(step)));
      if (this.#journal.size <= CHECKPOINT_OCTETS || this.#checkpoint !== undefined) return;
      await this.#journal.turn();
      this.#checkpoint = this.#foldBeside();
    });
    this.#chain = next.catch(() => undefined);
    return next;
  }

  /** What a step does to files and index. Done again (replay after a crash) it comes to the same. */
  #perform(step: JournalStep, prepared?: string): void {
    const { entries, tombstones, unconfirmed } = this.#index;
    if (step.kind === 'write') {
      const { name } = step.entry;
      const isNew = !entries.has(name);
      // Only what the nameserver served is worth going back to, never an unconfirmed version.
      if (!isNew && !unconfirmed.has(name)) this.#files.keepPrevious(name);
      this.#files.place(prepared ?? this.#files.prepare(step.text), name);
      if (!unconfirmed.has(name)) unconfirmed.set(name, isNew ? 'new' : 'changed');
      entries.set(name, step.entry);
      this.#touched.add(name);
      this.#damaged.delete(name);
    } else if (step.kind === 'confirm') {
      for (const name of step.names) {
        if (unconfirmed.get(name) === 'changed') this.#files.dropPrevious(name);
        unconfirmed.delete(name);
      }
    } else {
      entries.delete(step.name);
      unconfirmed.delete(step.name);
      this.#damaged.delete(step.name);
      if (step.kind === 'remove') tombstones.set(step.name, step.tombstone);
      this.#files.remove(step.name);
      this.#files.dropPrevious(step.name);
      this.#touched.add(step.name);
    }
  }

  /** Folds the generations before the present one into files and index, while changes go on. */
  async #foldBeside(): Promise<void> {
    try {
      await this.#fold();
    } catch (error) {
      // The old generations stay, and are folded at the next start.
      this.#log.error({ error: sentenceOf(error) }, 'the zone journal could not be folded into the index');
    } finally {
      this.#checkpoint = undefined;
    }
  }

  async #fold(): Promise<void> {
    const generation = this.#journal.generation;
    const touched = this.#touched;
    this.#touched = new Set();
    await this.#files.sync(touched);
    await this.#index.write(indexFile(this.#folder));
    await this.#journal.dropBefore(generation);
  }

  async #lookForDamage(): Promise<void> {
    const there = await this.#files.names();
    for (const name of this.#index.entries.keys()) if (!there.has(name)) this.#reportMissing(name);
    const unknown = [...there].filter((name) => !this.#index.entries.has(name));
    if (unknown.length > 0) {
      this.#log.warn(
        { zones: unknown.slice(0, 20), count: unknown.length },
        'zone files that nobody saved through this program',
      );
    }
  }

  #reportMissing(name: ZoneName): void {
    if (this.#damaged.has(name)) return;
    this.#damaged.add(name);
    this.#log.error(
      { zone: name },
      'the file of a zone is missing; it was not removed by a command, so it is kept everywhere else',
    );
  }
}

async function inSlices<T>(items: readonly T[], work: (item: T) => void): Promise<void> {
  for (let at = 0; at < items.length; at += SLICE) {
    if (at > 0) await new Promise((resolve) => setImmediate(resolve));
    for (const item of items.slice(at, at + SLICE)) work(item);
  }
}

function indexFile(folder: string): string {
  return join(folder, 'index');
}

/** Without an index: what the files say. Owners are not in them; an administrator's they all become. */
async function indexFromFiles(files: ZoneFiles, index: ZoneIndex, log: Log): Promise<void> {
  for (const found of await files.names()) {
    try {
      const name = zoneName(found);
      const text = files.read(name);
      if (text === undefined) continue;
      const { serial, digest } = validateZone(name, text);
      index.entries.set(name, { name, serial, digest, owner: 'root', modified: Date.now() });
    } catch (error) {
      log.error({ zone: found, error: sentenceOf(error) }, 'a zone file cannot be taken into the index');
    }
  }
  if (index.entries.size > 0) log.warn({ zones: index.entries.size }, 'the zone index was rebuilt from the zone files');
}
