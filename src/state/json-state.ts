import { link, readFile, rename } from 'node:fs/promises';
import { basename } from 'node:path';
import { Low, type Adapter } from 'lowdb';
import type { z } from 'zod';
import { ClusterError, ifMissing, sentenceOf } from '../errors.js';
import type { Log } from '../operations/log.js';
import { dropTemporaries, replaceFile } from './durable-file.js';

/** Tokens and settings: nobody but this user reads them. */
const MODE = 0o600;

interface JsonStateOptions<T> {
  schema: z.ZodType<T>;
  defaults: () => T;
  log?: Log;
}

/**
 * lowdb's way to the disk, instead of its JSONFile (measured: that one resets the mode to 0644 at each write, never
 * calls fsync, uses one fixed temporary name, and throws at an empty file). The previous version is kept as `.bak`; a
 * damaged file is set aside.
 */
class StateFile<T> implements Adapter<T> {
  readonly #file: string;
  readonly #options: JsonStateOptions<T>;

  constructor(file: string, options: JsonStateOptions<T>) {
    this.#file = file;
    this.#options = options;
  }

  async read(): Promise<T | null> {
    await dropTemporaries(this.#file);
    const current = await this.#parse(this.#file);
    if (current !== 'damaged' && current !== undefined) return current;
    if (current === 'damaged') {
      const aside = `${this.#file}.damaged-${Date.now()}`;
      await rename(this.#file, aside);
      this.#options.log?.error({ file: this.#file, aside }, 'a state file is damaged; it was set aside');
    }
    // Also where the file is missing: the first start after the damage may have ended before it wrote the file again.
    const backup = await this.#parse(this.#backup);
    if (backup === 'damaged' || backup === undefined) return null;
    this.#options.log?.error({ file: this.#file }, 'the previous version of a state file is used');
    await link(this.#backup, this.#file);
    return backup;
  }

  async write(data: T): Promise<void> {
    try {
      await replaceFile(this.#file, `${JSON.stringify(data, undefined, 2)}\n`, MODE, this.#backup);
    } catch (error) {
      const facts = { file: basename(this.#file), why: sentenceOf(error) };
      throw new ClusterError('state_not_written', facts, { cause: error });
    }
  }

  get #backup(): string {
    return `${this.#file}.bak`;
  }

  async #parse(file: string): Promise<T | 'damaged' | undefined> {
    const text = await readFile(file, 'utf8').catch(ifMissing(undefined));
    if (text === undefined) return undefined;
    try {
      return this.#options.schema.parse(JSON.parse(text));
    } catch (error) {
      this.#options.log?.error({ file, error: sentenceOf(error) }, 'a state file cannot be read');
      return 'damaged';
    }
  }
}

/**
 * Small state in one JSON file (lowdb behind our adapter), checked by a schema when it is read. For what administrators
 * change; zones never go in it. One process owns the file (FolderLock).
 */
export class JsonState<T> {
  readonly #db: Low<T>;
  #chain: Promise<void> = Promise.resolve();

  private constructor(db: Low<T>) {
    this.#db = db;
  }

  /** A missing file means the defaults; a damaged one its backup, then the defaults. */
  static async open<T>(file: string, options: JsonStateOptions<T>): Promise<JsonState<T>> {
    const db = new Low<T>(new StateFile(file, options), options.defaults());
    await db.read();
    return new JsonState(db);
  }

  /** What is on disk now. Read only: change it through `update`. */
  get data(): Readonly<T> {
    return this.#db.data;
  }

  /**
   * Applies `change` to a copy, writes it, and only then shows it: where `change` throws or the disk refuses, nothing
   * has changed. Updates go one after the other. Rejects with state_not_written where the disk refuses.
   */
  update(change: (draft: T) => void): Promise<void> {
    const next = this.#chain.then(async () => {
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
    });
    this.#chain = next.catch(() => undefined);
    return next;
  }

  /** Waits for updates that are under way. */
  async close(): Promise<void> {
    await this.#chain;
  }
}
