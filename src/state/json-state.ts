import { readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { Low, type Adapter } from 'lowdb';
import type { z } from 'zod';
import { ClusterError, ifMissing, sentenceOf } from '../errors.js';
import type { Log } from '../operations/log.js';
import { dropTemporaries, replaceFile } from './durable-file.js';
import { StateRecord } from './state-record.js';

/** Tokens and settings: nobody but this user reads them. */
const MODE = 0o600;

interface JsonStateOptions<T> {
  schema: z.ZodType<T>;
  defaults: () => T;
  log?: Log;
  /** Where it is lost, it begins anew. */
  mayBeLost?: true;
  /** What must not come back with an old file once it has gone from the state. */
  ending?: Ending<T>;
}

/** What a state holds that ends for good: the ids of it, and the same state without what has ended. */
interface Ending<T> {
  ids: (data: T) => readonly string[];
  without: (data: T, hasEnded: (id: string) => boolean) => T;
}

/** What happened to a file: its copy took its place, or nothing is left of it and changes are refused. */
export interface StateLoss {
  file: string;
  lost: boolean;
}

/**
 * lowdb's way to the disk, instead of its JSONFile (measured: that one resets the mode to 0644 at each write, never
 * calls fsync, uses one fixed temporary name, and throws at an empty file). The copy beside it (`.bak`) is of the same
 * version, and written first: it is never older than the file. A damaged file is set aside.
 */
class StateFile<T> implements Adapter<T> {
  readonly file: string;
  readonly #options: JsonStateOptions<T>;
  readonly #record: StateRecord;
  loss: StateLoss | undefined;
  /** As it is on disk in both places; undefined where nothing is known to be. */
  #text: string | undefined;

  constructor(file: string, options: JsonStateOptions<T>, record: StateRecord) {
    this.file = file;
    this.#options = options;
    this.#record = record;
  }

  async read(): Promise<T | null> {
    const { log, ending, mayBeLost } = this.#options;
    const name = basename(this.file);
    await dropTemporaries(this.file);
    await dropTemporaries(this.#backup);
    const [current, copy] = [await this.#parse(this.file), await this.#parse(this.#backup)];
    for (const one of [current, copy]) if (one.damaged) await this.#setAside(one.file);
    const found = current.data === undefined ? copy : current;
    if (found.data === undefined) {
      if (mayBeLost === true || (!current.damaged && !copy.damaged && !this.#record.has('made', name))) return null;
      this.loss = { file: this.file, lost: true };
      log?.error({ file: this.file }, 'a state file and its copy are lost; changes are refused');
      return null;
    }
    // The copy is written first: a kill in the middle of the first write leaves it alone there.
    if (found === copy && (current.damaged || this.#record.has('made', name))) {
      this.loss = { file: this.file, lost: false };
      log?.error({ file: this.file }, 'the copy of a state file took its place');
    }
    const hasEnded = (id: string): boolean => this.#record.has('ended', id);
    let data: T = found.data;
    if (ending?.ids(data).some(hasEnded) === true) {
      log?.error({ file: this.file }, 'a state file is an old one; what has ended since stays ended');
      data = ending.without(data, hasEnded);
    }
    this.#text = current.text === copy.text ? current.text : undefined;
    // On a disk that is full or read only, the server serves all the same.
    const kept = data !== found.data || this.#text === undefined ? this.write(data) : this.#record.set('made', [name]);
    await kept.catch((error: unknown) => log?.error({ error: sentenceOf(error) }, 'a state file has no sound copy'));
    return data;
  }

  async write(data: T): Promise<void> {
    const text = `${JSON.stringify(data, undefined, 2)}\n`;
    try {
      await replaceFile(this.#backup, text, MODE);
      await replaceFile(this.file, text, MODE);
      await this.#record.set('made', [basename(this.file)]);
    } catch (error) {
      // The copy is not to be newer than what was said to be so.
      const undone = this.#text === undefined ? rm(this.#backup) : replaceFile(this.#backup, this.#text, MODE);
      await undone.catch(() => undefined);
      const facts = { file: basename(this.file), why: sentenceOf(error) };
      throw new ClusterError('state_not_written', facts, { cause: error });
    }
    this.#text = text;
  }

  /** After it was written: what has gone stays gone, and what is there is. */
  async recordEnds(before: T, after: T): Promise<void> {
    const { ending, log } = this.#options;
    if (ending === undefined) return;
    const there = new Set(ending.ids(after));
    try {
      await this.#record.set('ended', [...there], false);
      await this.#record.set(
        'ended',
        ending.ids(before).filter((id) => !there.has(id)),
      );
    } catch (error) {
      log?.error({ file: this.file, error: sentenceOf(error) }, 'what has ended could not be recorded');
    }
  }

  get #backup(): string {
    return `${this.file}.bak`;
  }

  async #setAside(file: string): Promise<void> {
    const aside = `${file}.damaged-${Date.now()}`;
    await rename(file, aside);
    this.#options.log?.error({ file, aside }, 'a state file is damaged; it was set aside');
  }

  async #parse(file: string): Promise<{ file: string; damaged: boolean; text?: string; data?: T }> {
    const text = await readFile(file, 'utf8').catch(ifMissing(undefined));
    if (text === undefined) return { file, damaged: false };
    try {
      return { file, damaged: false, text, data: this.#options.schema.parse(JSON.parse(text)) };
    } catch (error) {
      this.#options.log?.error({ file, error: sentenceOf(error) }, 'a state file cannot be read');
      return { file, damaged: true };
    }
  }
}

/**
 * Small state in one JSON file (lowdb behind our adapter), checked by a schema when it is read. For what administrators
 * change; zones never go in it. One process owns the file (FolderLock).
 */
export class JsonState<T> {
  readonly #db: Low<T>;
  readonly #file: StateFile<T>;
  #chain: Promise<void> = Promise.resolve();

  private constructor(db: Low<T>, file: StateFile<T>) {
    this.#db = db;
    this.#file = file;
  }

  /** A file that was never there means the defaults; a lost or damaged one its copy. */
  static async open<T>(file: string, options: JsonStateOptions<T>): Promise<JsonState<T>> {
    const adapter = new StateFile(file, options, await StateRecord.read(dirname(file)));
    const db = new Low<T>(adapter, options.defaults());
    await db.read();
    return new JsonState(db, adapter);
  }

  /** What is on disk now. Read only: change it through `update`. */
  get data(): Readonly<T> {
    return this.#db.data;
  }

  /** What this start found: undefined where the file was as it should be. */
  get loss(): StateLoss | undefined {
    return this.#file.loss;
  }

  /** Throws state_lost where nothing is left of the file, nor of its copy. */
  refuseIfLost(): void {
    if (this.loss?.lost === true) throw new ClusterError('state_lost', { file: this.loss.file });
  }

  /**
   * Applies `change` to a copy, writes it, and only then shows it: where `change` throws or the disk refuses, nothing
   * has changed. Updates go one after the other. Rejects with state_not_written where the disk refuses, and with
   * state_lost.
   */
  update(change: (draft: T) => void): Promise<void> {
    const next = this.#chain.then(async () => {
      this.refuseIfLost();
      const before = this.#db.data;
      const draft = structuredClone(before);
      change(draft);
      this.#db.data = draft;
      try {
        await this.#db.write();
      } catch (error) {
        this.#db.data = before;
        throw error;
      }
      await this.#file.recordEnds(before, draft);
    });
    this.#chain = next.catch(() => undefined);
    return next;
  }

  /** Waits for updates that are under way. */
  async close(): Promise<void> {
    await this.#chain;
  }
}
