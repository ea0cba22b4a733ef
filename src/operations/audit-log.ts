import { appendFile, readFile, rename, stat } from 'node:fs/promises';
import { z } from 'zod';
import { sentenceOf } from '../errors.js';
import type { Log } from './log.js';

/** A file of this size is set aside as `.1`, which replaces the one before: some 50,000 entries are kept. */
const LARGEST = 8 * 1024 * 1024;
const MODE = 0o600;
const MOST_LISTED = 1_000;

const entry = z.object({
  /** ISO time. */
  time: z.string(),
  user: z.string(),
  /** How they came: `page`, `token NAME`, or `this server`. */
  via: z.string(),
  /** What was asked for, as `saveZone`. */
  action: z.string(),
  /** Of which zone or member. */
  target: z.string(),
  /** The error's code, where it was refused. */
  refused: z.string().optional(),
});
/** One change that somebody asked for. */
export type AuditEntry = z.infer<typeof entry>;

/** Who did what and when, in a file of lines. Written beside the work: a full disk stops no change, and is logged. */
export class AuditLog {
  readonly #file: string;
  readonly #log: Log;
  #writing: Promise<void> = Promise.resolve();
  #waiting: string[] = [];

  constructor(file: string, log: Log) {
    this.#file = file;
    this.#log = log;
  }

  note(noted: AuditEntry): void {
    this.#waiting.push(`${JSON.stringify(noted)}\n`);
    if (this.#waiting.length === 1) this.#writing = this.#writing.then(() => this.#write());
  }

  /** The latest entries that are `wanted`, the newest first. */
  async latest(limit: number, wanted: (noted: AuditEntry) => boolean = () => true): Promise<AuditEntry[]> {
    await this.#writing;
    const found: AuditEntry[] = [];
    for (const file of [this.#file, this.#older]) {
      const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n').reverse();
      for (const line of lines) {
        if (found.length >= Math.min(limit, MOST_LISTED)) return found;
        const read = entry.safeParse(parsed(line));
        if (read.success && wanted(read.data)) found.push(read.data);
      }
    }
    return found;
  }

  /** Everything that was noted is written. */
  async close(): Promise<void> {
    await this.#writing;
  }

  get #older(): string {
    return `${this.#file}.1`;
  }

  async #write(): Promise<void> {
    const lines = this.#waiting;
    this.#waiting = [];
    try {
      const size = await stat(this.#file).then(
        (found) => found.size,
        () => 0,
      );
      if (size > LARGEST) await rename(this.#file, this.#older);
      await appendFile(this.#file, lines.join(''), { mode: MODE });
    } catch (error) {
      this.#log.error({ error: sentenceOf(error), entries: lines.length }, 'the audit log could not be written');
    }
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
