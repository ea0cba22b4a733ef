import cron, { type ScheduledTask } from 'node-cron';
import { sentenceOf } from '../../errors.js';
import type { Log } from '../../operations/log.js';

/**
 * Each minute, as the original checks its members. Use divisors of 60: "every 45 seconds" fires at :00 and :45
 * (measured).
 */
export const DEFAULT_HEALTH_SCHEDULE = '* * * * *';
/** Once an hour, not on the hour, where everybody's jobs begin. */
export const DEFAULT_DRIFT_SCHEDULE = '17 * * * *';

/** How often to check whether the clock was set, and the least difference that counts, milliseconds. */
const CLOCK_LOOK = 20_000;
const CLOCK_SET = 5_000;

/** Runs a task on a cron schedule. It survives clock changes, never overlaps, and does not keep the process alive. */
export class Schedule {
  readonly #times: string;
  readonly #name: string;
  readonly #log: Log;
  readonly #work: () => Promise<void>;
  #task: ScheduledTask | undefined;
  #clockCheck: NodeJS.Timeout | undefined;
  /** When this process began, by the clock as it was set last. */
  #origin = 0;

  /** `name`: of the work, as `health check`. */
  constructor(times: string, name: string, work: () => Promise<unknown>, log: Log) {
    this.#times = times;
    this.#name = name;
    this.#log = log;
    this.#work = () =>
      work().then(
        () => undefined,
        (error: unknown) => log.error({ error: sentenceOf(error) }, `${name} failed`),
      );
  }

  /** Rejects where the times are no cron expression. */
  async start(): Promise<void> {
    if (this.#task !== undefined) return;
    const task = cron.createTask(this.#times, this.#work, { noOverlap: true, unref: true, name: this.#name });
    // Times that are passed over (the clock was set forward, the process got no processor) are not made up for.
    task.on('execution:missed', () => this.#log.debug({ name: this.#name }, 'a scheduled time was missed'));
    this.#task = task;
    this.#origin = originNow();
    await task.start();
    this.#clockCheck = setInterval(() => void this.#checkClock(), CLOCK_LOOK).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#clockCheck);
    const task = this.#task;
    this.#task = undefined;
    await task?.destroy();
  }

  /**
   * A timer keeps the time that it was set to: after the clock is set back by a day, it would wait a day. So set it
   * again.
   */
  async #checkClock(): Promise<void> {
    const [origin, task] = [originNow(), this.#task];
    if (Math.abs(origin - this.#origin) < CLOCK_SET) return;
    this.#log.warn({ name: this.#name, seconds: Math.round((origin - this.#origin) / 1_000) }, 'the clock was set');
    this.#origin = origin;
    await task?.stop();
    if (this.#task === task) await task?.start();
  }
}

function originNow(): number {
  return Date.now() - performance.now();
}
