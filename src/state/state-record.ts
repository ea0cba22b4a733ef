import { open, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ifMissing } from '../errors.js';
import { checksummedLine, textOfLine } from './checksummed-line.js';
import { syncFolder } from './durable-file.js';

/** Its name in the folder of the state files. */
export const STATE_RECORD = 'state-record';
const MODE = 0o600;
/** Of the file the last so many lines are read, half of them empty. A revoked token is one, and a removed user. */
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
      const change = textOfLine(line);
      if (change === undefined) continue;
      const fact = change.slice(1);
      if (change.startsWith('+')) facts.add(fact);
      else facts.delete(fact);
    }
    return new StateRecord(file, facts);
  }

  has(fact: Fact, id: string): boolean {
    return this.#facts.has(`${fact} ${id}`);
  }

  /** It is on disk when this resolves; costs nothing where it was so before. */
  async set(fact: Fact, ids: readonly string[], holds = true): Promise<void> {
    const changed = ids.map((id) => `${fact} ${id}`).filter((one) => this.#facts.has(one) !== holds);
    if (changed.length === 0) return;
    const handle = await open(this.#file, 'a+', MODE);
    try {
      // Behind an empty line: one that a crash cut off stands by itself.
      const isNew = (await handle.stat()).size === 0;
      await handle.appendFile(changed.map((one) => `\n${checksummedLine(`${holds ? '+' : '-'}${one}`)}`).join(''));
      await handle.datasync();
      if (isNew) await syncFolder(dirname(this.#file));
    } finally {
      await handle.close();
    }
    for (const one of changed) this.#facts[holds ? 'add' : 'delete'](one);
  }
}
