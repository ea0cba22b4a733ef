import { sentenceOf } from '../../errors.js';
import type { Log } from '../../operations/log.js';
import { inSlices } from '../../operations/in-slices.js';
import type { FilesFound } from '../../zones/hand-edits.js';
import type { ZoneName } from '../../zones/zone-name.js';
import type { ZoneStore } from '../../zones/zone-store.js';
import type { ZoneWrite } from '../../zones/zone-write.js';
import { decide } from './decision.js';
import type { LocalOutcome } from './publishing.js';
import type { PermittedNames } from './permitted-names.js';
import type { LocalZones } from './local-zones.js';

/** A file edited by hand, as it was taken: its serial, and what the local nameserver does with it. */
interface TakenFile {
  zone: ZoneName;
  serial: number;
  /** True where its serial had to be lifted above the one before. */
  lifted: boolean;
  local: LocalOutcome['local'];
}

/** What was found among the zone files, and what became of it. */
export interface RescanResult extends Omit<FilesFound, 'changed' | 'added'> {
  changed: TakenFile[];
  added: TakenFile[];
}

/** So many files are taken together. */
const BATCH = 512;

/** Takes what persons did to the zone files: each change goes the way of every other, as one of root's. */
export class Rescan {
  readonly #store: ZoneStore;
  readonly #names: PermittedNames;
  readonly #local: LocalZones;
  readonly #log: Log;
  #running: Promise<RescanResult> | undefined;

  constructor(options: { store: ZoneStore; names: PermittedNames; local: LocalZones; log: Log }) {
    this.#store = options.store;
    this.#names = options.names;
    this.#local = options.local;
    this.#log = options.log;
  }

  /**
   * Takes the changed files that opening the store found, before the nameserver is brought up to date, which then loads
   * them or has them refused. New files are left for `run`: at a start nobody asked for them.
   */
  async beforeStart(): Promise<void> {
    const changed = this.#store.edits.last?.changed ?? [];
    for (let at = 0; at < changed.length; at += BATCH) {
      const writes: ZoneWrite[] = [];
      await inSlices(changed.slice(at, at + BATCH), (name) => writes.push(...this.#writeOf(name)));
      // Where the disk refuses them, they are as they were, and are found again.
      await this.#store.write(writes).catch((error: unknown) => {
        this.#log.error({ error: sentenceOf(error) }, 'zone files that were changed by hand could not be taken');
      });
    }
  }

  /** Reads every file. Asked while one runs, it gives that one's result. */
  run(): Promise<RescanResult> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  #writeOf(name: ZoneName): ZoneWrite[] {
    try {
      const { write } = decide({ kind: 'take', name }, this.#store, this.#names);
      return write === undefined ? [] : [write];
    } catch (error) {
      this.#store.edits.recordBroken(name, sentenceOf(error));
      return [];
    }
  }

  async #run(): Promise<RescanResult> {
    const found = await this.#store.edits.scan({ every: true });
    const result: RescanResult = { ...found, changed: [], added: [] };
    for (const kind of ['changed', 'added'] as const) {
      for (let at = 0; at < found[kind].length; at += BATCH) {
        await Promise.all(found[kind].slice(at, at + BATCH).map((name) => this.#take(name, result, result[kind])));
      }
    }
    return result;
  }

  async #take(name: ZoneName, result: RescanResult, taken: TakenFile[]): Promise<void> {
    try {
      const { change, serial, lifted, local } = await this.#local.change({ kind: 'take', name });
      // Saved in the meantime, or only its serial was set back.
      if (change === 'unchanged') result.unchanged++;
      else taken.push({ zone: name, serial: serial ?? 0, lifted, local });
    } catch (error) {
      const why = sentenceOf(error);
      if (!this.#store.edits.isBroken(name)) this.#store.edits.recordBroken(name, why);
      result.broken.push({ zone: name, why });
    }
  }
}
