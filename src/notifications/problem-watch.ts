import { z } from 'zod';
import { sentenceOf } from '../errors.js';
import type { Notice } from '../host/host-panel.js';
import { defined } from '../operations/defined.js';
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
  /** With which others it is told in one notice. */
  group?: ProblemGroup;
}

/** Problems of one kind and one account: one of them is told at once, and what comes soon after it is told together. */
export interface ProblemGroup {
  key: string;
  /** Whose they are, where they are not root's: their notices push none of others out. */
  account?: string | undefined;
  /** As `zones are written by two servers`, after their number. */
  many: string;
  /** The subject that says that all are over. */
  over: string;
}

/**
 * After a problem was told it is not told again for so long, milliseconds, where it ends and comes back; twice as long
 * each time.
 */
const FIRST_QUIET = 60 * 60_000;
const LONGEST_QUIET = 24 * 60 * 60_000;
/** After a notice of a group the next waits so long, milliseconds: for problems of root's, and of another account's. */
const GATHERED_WITHIN = 10 * 60_000;
const GATHERED_OF_ACCOUNT = 60 * 60_000;
/** So many of a group are named. */
const MOST_NAMED = 10;

const schema = z.object({
  /** Is it so now, and was that told? */
  open: z.boolean(),
  told: z.boolean(),
  /** Milliseconds since 1970. */
  toldAt: z.number(),
  /** 0 where it was never told. */
  quiet: z.number(),
  over: z.string(),
  group: z.object({ key: z.string(), account: z.string().optional(), many: z.string(), over: z.string() }).optional(),
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
    const ended = [...this.#table.entries()].flatMap(([key, known]) =>
      !problems.has(key) && this.#ends(key, known, now) ? [known] : [],
    );
    const due = new Map<string, Problem[]>();
    for (const [key, problem] of problems) {
      if (!this.#begins(key, problem, now)) continue;
      const together = problem.group?.key ?? key;
      due.set(together, [...(due.get(together) ?? []), problem]);
    }
    for (const together of due.values()) this.#tellOf(together, now);
    this.#tellOver(ended);
  }

  /** Is it to be told now? */
  #begins(key: string, { over, group }: Problem, now: number): boolean {
    const known = this.#table.get(key);
    if (known?.open === true && known.told) return false;
    // Told in the future: the clock was set back.
    if (known === undefined || now - known.toldAt >= known.quiet || known.toldAt > now) return true;
    if (!known.open) this.#table.set(key, { ...known, open: true, told: false, over, ...defined({ group }) });
    return false;
  }

  /** Problems of one group, or one alone; where the group was told of a moment ago, they wait for the next notice. */
  #tellOf(problems: readonly Problem[], now: number): void {
    const [first] = problems;
    if (first === undefined) return;
    const { group } = first;
    const waits = group !== undefined && now - this.#lastToldOf(group, now) < quietOf(group);
    for (const { key, over } of problems) {
      const known = this.#table.get(key);
      const quiet = Math.min(Math.max((known?.quiet ?? 0) * 2, FIRST_QUIET), LONGEST_QUIET);
      const facts = { open: true, over, ...defined({ group }) };
      if (!waits) this.#table.set(key, { ...facts, told: true, toldAt: now, quiet });
      else if (known === undefined) this.#table.set(key, { ...facts, told: false, toldAt: 0, quiet: 0 });
      else if (!known.open) this.#table.set(key, { ...known, ...facts, told: false });
    }
    if (!waits) this.#tell({ ...noticeOf(first, problems), ...defined({ account: group?.account }) });
  }

  #lastToldOf({ key }: ProblemGroup, now: number): number {
    let last = -Infinity;
    for (const [, { group, toldAt, quiet }] of this.#table.entries())
      if (group?.key === key && quiet > 0 && toldAt <= now) last = Math.max(last, toldAt);
    return last;
  }

  /** Was it told, so that its end is to be told? */
  #ends(key: string, known: Known, now: number): boolean {
    if (known.open) {
      this.#table.set(key, { ...known, open: false, told: false });
      return known.told;
    }
    if (now - known.toldAt > LONGEST_QUIET + known.quiet) this.#table.delete(key);
    return false;
  }

  /** Of a group only that all are over: one by one they would be as many notices. */
  #tellOver(ended: readonly Known[]): void {
    const told = new Set<string>();
    for (const { over, group } of ended) {
      if (group !== undefined && (told.has(group.key) || this.#isOpen(group))) continue;
      if (group !== undefined) told.add(group.key);
      const subject = group === undefined || this.#sizeOf(group) === 1 ? over : group.over;
      this.#tell({ subject, text: `${subject}. Nothing is left to do.`, ...defined({ account: group?.account }) });
    }
  }

  #isOpen({ key }: ProblemGroup): boolean {
    return [...this.#table.entries()].some(([, { group, open }]) => open && group?.key === key);
  }

  #sizeOf({ key }: ProblemGroup): number {
    return [...this.#table.entries()].filter(([, { group }]) => group?.key === key).length;
  }
}

function quietOf({ account }: ProblemGroup): number {
  return account === undefined ? GATHERED_WITHIN : GATHERED_OF_ACCOUNT;
}

function noticeOf(first: Problem, problems: readonly Problem[]): Notice {
  if (first.group === undefined || problems.length === 1) return { subject: first.subject, text: first.text };
  const others = problems.slice(1, MOST_NAMED).map(({ subject }) => `- ${subject}`);
  const left = problems.length - 1 - others.length;
  return {
    subject: `${problems.length} ${first.group.many}`,
    text: [`The first: ${first.text}`, 'The others:', ...others, ...(left > 0 ? [`and ${left} more.`] : [])].join('\n'),
  };
}
