import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { refuseAbove } from '../../access/account-limits.js';
import { accountOf, type Principal } from '../../access/principal.js';
import { sentenceOf } from '../../errors.js';
import { CutOff } from '../../members/member-backend.js';
import type {
  SynchronizeOptions,
  SynchronizeResult,
  SynchronizeJob,
  SynchronizeProgress,
  JobState,
} from '../model/results.js';

/** Of one account, runs that are over; and runs at a time, where it is not root's. */
const KEPT = 20;
const MOST_RUNNING = 2;
/** Between checks of what still waits, milliseconds. */
const LOOK = 200;
/** Where nothing goes on for so long, the rest is left to the members' own pace, milliseconds. */
const STALLED = 30_000;

/** What a run works with. */
interface Work {
  run: (
    options: SynchronizeOptions,
    by: Principal,
    watch: { signal: AbortSignal; progress: (progress: SynchronizeProgress) => void },
  ) => Promise<SynchronizeResult>;
  /** Zones that wait to be sent to members that answer. */
  waiting: () => number;
}

/** One synchronization that somebody started: it goes on without them, and they may open it again. */
class SynchronizeRun implements SynchronizeJob {
  readonly id = randomBytes(9).toString('base64url');
  readonly startedAt = new Date().toISOString();
  readonly options: SynchronizeOptions;
  readonly user: string;
  readonly account: string;
  state: JobState = 'running';
  progress: SynchronizeProgress = { phase: 'asking', done: 0, total: 0 };
  result: SynchronizeResult | undefined;
  /** The sentence where it failed. */
  error: string | undefined;
  readonly #cancel = new AbortController();
  readonly #watchers = new Set<() => void>();
  /** Resolves when it is over; never rejects. */
  readonly over: Promise<void>;

  constructor(options: SynchronizeOptions, by: Principal, work: Work) {
    this.options = options;
    this.user = by.user;
    this.account = accountOf(by);
    this.over = this.#run(by, work);
  }

  /** What is done stays done; what was not begun is not. No member is waited for. */
  cancel(): void {
    this.#cancel.abort(new CutOff());
  }

  /** Calls `gotOn` on each progress, until the function that is returned is called. */
  watch(gotOn: () => void): () => void {
    this.#watchers.add(gotOn);
    return () => this.#watchers.delete(gotOn);
  }

  async #run(by: Principal, { run, waiting }: Work): Promise<void> {
    const { signal } = this.#cancel;
    try {
      this.result = await run(this.options, by, { signal, progress: (progress) => this.#report(progress) });
      if (this.options.direction === 'all' && !this.options.plan) await this.#sent(waiting, signal);
      this.state = signal.aborted ? 'cancelled' : 'done';
    } catch (error) {
      this.state = 'failed';
      this.error = sentenceOf(error);
    }
    this.#report(this.progress);
  }

  /** Follows what goes to members, as long as some of it does. */
  async #sent(waiting: () => number, signal: AbortSignal): Promise<void> {
    const total = waiting();
    let [left, since] = [total, performance.now()];
    while (left > 0 && !signal.aborted && performance.now() - since < STALLED) {
      this.#report({ phase: 'sending', done: total - left, total });
      await pause(LOOK);
      const now = waiting();
      if (now < left) [left, since] = [now, performance.now()];
      else left = now;
    }
    this.#report({ phase: 'sending', done: Math.max(0, total - left), total });
  }

  #report(progress: SynchronizeProgress): void {
    this.progress = progress;
    for (const gotOn of this.#watchers) gotOn();
  }
}

/** The last runs, by their ids. */
export class SynchronizeJobs {
  readonly #jobs = new Map<string, SynchronizeJob>();
  readonly #work: Work;

  constructor(work: Work) {
    this.#work = work;
  }

  /** Throws account_limit where an account that is not root's has enough of them. */
  start(options: SynchronizeOptions, by: Principal): SynchronizeJob {
    const own = [...this.#jobs.values()].filter(({ account }) => account === accountOf(by));
    const over = own.filter(({ state }) => state !== 'running');
    const running = { count: own.length - over.length + 1, most: MOST_RUNNING };
    refuseAbove(running, by, { what: 'synchronizations under way', advice: 'Wait for one, or cancel it' });
    const job = new SynchronizeRun(options, by, this.#work);
    this.#jobs.set(job.id, job);
    for (const old of over.slice(0, Math.max(0, own.length + 1 - KEPT))) this.#jobs.delete(old.id);
    return job;
  }

  get(id: string): SynchronizeJob | undefined {
    return this.#jobs.get(id);
  }

  /** Cancels all, and waits for their ends. */
  async stop(): Promise<void> {
    for (const job of this.#jobs.values()) job.cancel();
    await Promise.all([...this.#jobs.values()].map(({ over }) => over));
  }
}
