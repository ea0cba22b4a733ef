import { link, open, readFile, truncate, type FileHandle } from 'node:fs/promises';
import { ifMissing, sentenceOf } from '../errors.js';
import type { Log } from '../operations/log.js';
import { dirname } from 'node:path';
import { checksummedLine, textOfLine } from './checksummed-line.js';
import { dropTemporaries, replaceFile, syncFolder } from './durable-file.js';

const MODE = 0o600;
/** Lines that are made and written in one turn of the event loop: a millisecond. */
const PIECE = 500;
/** Fewer dead lines than this are not worth a compaction. */
const COMPACT_ABOVE = 1_000;
/** So many changes are made safe without anybody's asking, that their number stays bounded. */
const MOST_UNSAFE = 5_000;

interface AppendTableOptions<V> {
  /** Checks a value that was read; throws where it is not one. */
  parse: (value: unknown) => V;
  log: Log;
}

/**
 * A table key → value that is kept as appended lines (`checksum JSON`), and written anew when most of them are
 * outdated. A change costs one line, whatever the size of the table. A torn last line is dropped; a damaged line in the
 * middle sets the file aside, and the sound lines are kept. `flush` makes what was set durable; until then a crash may
 * lose the last changes, which is harmless for what it is used for (a ledger that lags sends a zone once more).
 */
export class AppendTable<V> {
  readonly #file: string;
  readonly #log: Log;
  readonly #entries: Map<string, V>;
  #lines: number;
  #handle: FileHandle;
  #unwritten: string[] = [];
  /** Keys whose last change may not outlive a power cut. */
  #unsafe = new Set<string>();
  /** The file does not hold what it should: an append failed, perhaps in the middle of a line. */
  #broken = false;
  #writing: Promise<void> = Promise.resolve();
  #scheduled = false;

  private constructor(file: string, log: Log, entries: Map<string, V>, lines: number, handle: FileHandle) {
    this.#file = file;
    this.#log = log;
    this.#entries = entries;
    this.#lines = lines;
    this.#handle = handle;
  }

  static async open<V>(file: string, options: AppendTableOptions<V>): Promise<AppendTable<V>> {
    await dropTemporaries(file);
    const { entries, lines, damaged, torn } = await readLines(file, options.parse);
    if (torn !== undefined) await truncate(file, torn);
    if (damaged) {
      const aside = `${file}.damaged-${Date.now()}`;
      await link(file, aside);
      options.log.error(
        { file, aside, kept: entries.size },
        'a table is damaged; it was set aside, and its sound lines are kept',
      );
      await replaceFile(file, linesOf(entries), MODE);
    }
    const handle = await open(file, 'a', MODE);
    // Where it is new, its name is to outlive a power cut, too.
    await syncFolder(dirname(file));
    return new AppendTable(file, options.log, entries, damaged ? entries.size : lines, handle);
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): V | undefined {
    return this.#entries.get(key);
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  entries(): IterableIterator<[string, V]> {
    return this.#entries.entries();
  }

  set(key: string, value: V): void {
    this.#entries.set(key, value);
    this.#unsafe.add(key);
    this.#append(line([key, value]));
  }

  delete(key: string): void {
    if (!this.#entries.delete(key)) return;
    this.#unsafe.add(key);
    this.#append(line([key]));
  }

  /** Many at once; written (not yet durable) when it resolves. */
  async setMany(entries: Iterable<readonly [string, V]>): Promise<void> {
    for (const [key, value] of entries) this.set(key, value);
    await this.#write();
  }

  /** Everything set so far is on disk when it resolves. */
  async flush(): Promise<void> {
    await this.#inTurn(() => this.#flushNow());
  }

  /** What was set of this key is on disk when it resolves; costs nothing where it was before. */
  async flushKey(key: string): Promise<void> {
    if (!this.#unsafe.has(key)) return;
    // Of many who ask together, the first makes it so for all.
    await this.#inTurn(async () => {
      if (this.#unsafe.has(key)) await this.#flushNow();
    });
  }

  async close(): Promise<void> {
    await this.flush().finally(() => this.#handle.close());
  }

  #append(text: string): void {
    this.#unwritten.push(text);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      const written = this.#unsafe.size > MOST_UNSAFE ? this.flush() : this.#write();
      written.catch((error: unknown) =>
        this.#log.error({ file: this.#file, error: sentenceOf(error) }, 'a table could not be written'),
      );
    });
  }

  #write(): Promise<void> {
    return this.#inTurn(() => this.#writeNow());
  }

  #inTurn(step: () => Promise<void>): Promise<void> {
    const next = this.#writing.then(step);
    this.#writing = next.catch(() => undefined);
    return next;
  }

  async #flushNow(): Promise<void> {
    const flushed = this.#unsafe;
    this.#unsafe = new Set();
    try {
      await this.#writeNow();
      await this.#handle.datasync();
    } catch (error) {
      for (const key of flushed) this.#unsafe.add(key);
      throw error;
    }
  }

  async #writeNow(): Promise<void> {
    const lines = this.#unwritten;
    this.#unwritten = [];
    if (lines.length > 0 && !this.#broken) {
      this.#broken = true;
      for (let at = 0; at < lines.length; at += PIECE)
        await this.#handle.appendFile(lines.slice(at, at + PIECE).join(''));
      this.#broken = false;
      this.#lines += lines.length;
    }
    const dead = this.#lines - this.#entries.size;
    // The entries hold all that was set, so writing them anew also heals a file that an append left broken.
    if (this.#broken || (dead > COMPACT_ABOVE && dead > this.#entries.size)) await this.#compact();
  }

  async #compact(): Promise<void> {
    const count = this.#entries.size;
    // What is set while this is written was appended to #unwritten and follows in the new file.
    await replaceFile(this.#file, linesOf(this.#entries), MODE);
    const before = this.#handle;
    // From here on, what is appended to the old file would be lost.
    this.#broken = true;
    this.#handle = await open(this.#file, 'a', MODE);
    this.#broken = false;
    this.#lines = count;
    await before.close();
  }
}

function line(entry: unknown): string {
  return checksummedLine(JSON.stringify(entry));
}

/** The entries as they are now, many lines in a piece. */
function linesOf(entries: ReadonlyMap<string, unknown>): Iterable<string> {
  // Not as pairs, which are ten times as many objects as a turn of the event loop may make.
  const keys = [...entries.keys()];
  const values = [...entries.values()];
  return (function* (): Generator<string> {
    for (let at = 0; at < keys.length; at += PIECE) {
      yield keys
        .slice(at, at + PIECE)
        .map((key, i) => line([key, values[at + i]]))
        .join('');
    }
  })();
}

/** `torn`: where the last line ends that was written whole, if something follows it. */
async function readLines<V>(
  file: string,
  parse: (value: unknown) => V,
): Promise<{ entries: Map<string, V>; lines: number; damaged: boolean; torn: number | undefined }> {
  const entries = new Map<string, V>();
  const octets = await readFile(file).catch(ifMissing(Buffer.alloc(0)));
  const whole = octets.lastIndexOf(10) + 1;
  const lines = whole === 0 ? [] : octets.toString('utf8', 0, whole - 1).split('\n');
  let damaged = false;
  for (const text of lines) {
    try {
      const json = textOfLine(text);
      if (json === undefined) throw new Error('the checksum is wrong');
      const [key, value] = JSON.parse(json) as [string, unknown?];
      if (value === undefined) entries.delete(key);
      else entries.set(key, parse(value));
    } catch {
      damaged = true;
    }
  }
  return { entries, lines: lines.length, damaged, torn: whole < octets.length ? whole : undefined };
}
