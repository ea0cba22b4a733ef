import { z } from 'zod';
import { sentenceOf } from '../errors.js';
import type { Notice } from '../host/host-panel.js';
import type { Log } from '../operations/log.js';
import { AppendTable } from '../state/append-table.js';

/** Something that needs attention, for as long as it is so. */
export interface Problem {
  /** The same as long as it is the same problem. */
  key: string;
  subject: string;
  /** What it is, and what to do: a sentence or two. */
  text: string;
  /** The subject that says that it is over. */
  over: string;
}

/**
 * After a problem was told it is not told again for so long, milliseconds, where it ends and comes back; twice as long
 * each time.
 */
const FIRST_QUIET = 60 * 60_000;
const LONGEST_QUIET = 24 * 60 * 60_000;

const schema = z.object({
  /** Is it so now, and was that told? */
  open: z.boolean(),
  told: z.boolean(),
  /** Milliseconds since 1970. */
  toldAt: z.number(),
  quiet: z.number(),
  over: z.string(),
});
type Known = z.infer<typeof schema>;

/**
 * Tells of each problem once, and once that it is over. One that comes and goes is told less and less often. What was
 * told outlives a restart.
 */
export class ProblemWatch {
  readonly #table: AppendTable<Known>;
  readonly #problems: () => Promise<readonly Problem[]>;
  readonly #tell: (notice: Notice) => void;
  readonly #log: Log;
  #checking: Promise<void> = Promise.resolve();

  private constructor(
    table: AppendTable<Known>,
    options: {
      problems: () => Promise<readonly Problem[]>;
      tell: (notice: Notice) => void;
      log: Log;
    },
  ) {
    this.#table = table;
    this.#problems = options.problems;
    this.#tell = options.tell;
    this.#log = options.log;
  }

  static async open(
    file: string,
    options: {
      problems: () => Promise<readonly Problem[]>;
      tell: (notice: Notice) => void;
      log: Log;
    },
  ): Promise<ProblemWatch> {
    const { log } = options;
    return new ProblemWatch(await AppendTable.open(file, { parse: (value) => schema.parse(value), log }), options);
  }

  /** Compares what is wrong now with what was. Never rejects. */
  check(now = Date.now()): Promise<void> {
    this.#checking = this.#checking
      .then(() => this.#check(now))
      .catch((error: unknown) => {
        this.#log.error({ error: sentenceOf(error) }, 'the check for problems failed');
      });
    return this.#checking;
  }

  async close(): Promise<void> {
    await this.#checking;
    await this.#table.close();
  }

  async #check(now: number): Promise<void> {
    const problems = new Map((await this.#problems()).map((problem) => [problem.key, problem]));
    for (const [key, problem] of problems) this.#begins(key, problem, now);
    for (const [key, known] of [...this.#table.entries()]) if (!problems.has(key)) this.#ends(key, known, now);
  }

  #begins(key: string, { subject, text, over }: Problem, now: number): void {
    const known = this.#table.get(key);
    if (known?.open === true && known.told) return;
    // Told in the future: the clock was set back.
    const mayTell = known === undefined || now - known.toldAt >= known.quiet || known.toldAt > now;
    if (!mayTell) {
      if (!known.open) this.#table.set(key, { ...known, open: true, told: false });
      return;
    }
    const quiet = known === undefined ? FIRST_QUIET : Math.min(known.quiet * 2, LONGEST_QUIET);
    this.#table.set(key, { open: true, told: true, toldAt: now, quiet, over });
    this.#tell({ subject, text });
  }

  #ends(key: string, known: Known, now: number): void {
    if (known.open) {
      this.#table.set(key, { ...known, open: false, told: false });
      if (known.told) this.#tell({ subject: known.over, text: `${known.over}. Nothing is left to do.` });
    } else if (now - known.toldAt > LONGEST_QUIET + known.quiet) this.#table.delete(key);
  }
}
