import { sentenceOf } from '../../errors.js';
import type { Log } from '../../operations/log.js';
import type { ZoneFiles } from '../zone-files.js';
import type { ZoneIndex } from '../zone-index.js';
import type { ZoneJournal } from './zone-journal.js';
import type { ZoneSteps } from '../zone-steps.js';

interface JournalFoldingOptions {
  /** Where the index is written. */
  indexFile: string;
  files: ZoneFiles;
  index: ZoneIndex;
  journal: ZoneJournal;
  steps: ZoneSteps;
  log: Log;
}

/** Folds old generations of the journal into files and index, while changes go on. */
export class JournalFolding {
  readonly #options: JournalFoldingOptions;
  #running: Promise<void> | undefined;
  /** So many copy the files. */
  #holds = 0;

  constructor(options: JournalFoldingOptions) {
    this.#options = options;
  }

  /** Nothing is folded now, and nobody holds it up. */
  get isDue(): boolean {
    return this.#running === undefined && this.#holds === 0;
  }

  /**
   * Begins the next generation of the journal and folds those before. Where that fails, the journal grows and it is
   * tried again.
   */
  async turn(): Promise<void> {
    try {
      await this.#options.journal.turn();
      this.begin();
    } catch (error) {
      this.#options.log.error({ error: sentenceOf(error) }, 'a new zone journal could not be begun');
    }
  }

  /** Folds the generations before the present one. */
  begin(): void {
    this.#running = this.#foldBeside();
  }

  /** What is under way is through. Never rejects. */
  async finished(): Promise<void> {
    await this.#running;
  }

  /** No folding begins from now on until the returned function is called. */
  hold(): () => void {
    this.#holds++;
    let isHeld = true;
    return () => {
      if (isHeld) this.#holds--;
      isHeld = false;
    };
  }

  async #foldBeside(): Promise<void> {
    try {
      await this.#fold();
    } catch (error) {
      // The old generations stay, and are folded at the next start.
      this.#options.log.error({ error: sentenceOf(error) }, 'the zone journal could not be folded into the index');
    } finally {
      this.#running = undefined;
    }
  }

  async #fold(): Promise<void> {
    const { files, index, journal, steps, indexFile } = this.#options;
    const { generation } = journal;
    const { touched } = steps;
    steps.touched = new Set();
    try {
      const previous = index.previous();
      await files.sync(
        touched,
        previous.filter((name) => touched.has(name)),
      );
      await index.write(indexFile);
      await journal.dropBefore(generation);
    } catch (error) {
      // A later fold drops these generations, too: it must not do so before their files are synced.
      for (const name of touched) steps.touched.add(name);
      throw error;
    }
  }
}
