import { open, readFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { ifMissing } from '../errors.js';
import { syncFolder } from './durable-file.js';
import { dirname, join } from 'node:path';

/** Its name in the folder of the state files. */
export const STATE_RECORD = 'state-record';
const MODE = 0o600;
/** Lines that are read: as many more are written by a restart every minute for a year. */
const MOST_LINES = 500_000;

/** `made`: a state file; `ended`: what must not come back with an old copy of one, by an id that is used once. */
type Fact = 'made' | 'ended';

/**
 * What was once so of the state files of one folder: which were made, and what ended in them. Lines are only appended
 * (`checksum sign fact id`), and a restore leaves them: so a file that is lost is told from one that never was, and an
 * old file that is put back brings no revoked token back. A damaged line is skipped.
 */
export class StateRecord {
  readonly #file: string;
  readonly #facts: Set<string>;

  private constructor(file: string, facts: Set<string>) {
    this.#file = file;
    this.#facts = facts;
  }

  static async read(folder: string): Promise<StateRecord> {
    const file = join(folder, STATE_RECORD);
    const text = await readFile(file, 'utf8').catch(ifMissing(''));
    const facts = new Set<string>();
    for (const line of text.split('\n').slice(-MOST_LINES)) {
      const [sum, sign, fact] = [line.slice(0, 8), line[9], line.slice(10)];
      if (line !== '' && sum !== sumOf(line.slice(9))) continue;
      if (sign === '+') facts.add(fact);
      else facts.delete(fact);
    }
    return new StateRecord(file, facts);
  }

  has(fact: Fact, id: string): boolean {
    return this.#facts.has(`${fact} ${id}`);
  }

  /** It is on disk when this resolves; costs nothing where it was so before. */
  async set(fact: Fact, ids: readonly string[], holds = true): Promise<void> {
    const changed = ids.map((id) => `${fact} ${id}`).filter((line) => this.#facts.has(line) !== holds);
    if (changed.length === 0) return;
    const lines = changed.map((line) => (holds ? `+${line}` : `-${line}`));
    const handle = await open(this.#file, 'a+', MODE);
    try {
      // A line that a crash cut off stands by itself.
      const isNew = (await handle.stat()).size === 0;
      await handle.appendFile(lines.map((line) => `\n${sumOf(line)} ${line}`).join('') + '\n');
      await handle.datasync();
      if (isNew) await syncFolder(dirname(this.#file));
    } finally {
      await handle.close();
    }
    for (const line of changed) this.#facts[holds ? 'add' : 'delete'](line);
  }
}

function sumOf(line: string): string {
  return crc32(line).toString(16).padStart(8, '0');
}
