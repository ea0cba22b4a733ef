import cron, { type ScheduledTask } from 'node-cron';
import { sentenceOf } from '../errors.js';
import type { Log } from '../operations/log.js';

/** Each minute, as the original checks its members. A step such as every 45 seconds would fire at :00 and :45 (measured): use divisors of 60. */
export const DEFAULT_HEALTH_SCHEDULE = '* * * * *';
/** Once an hour, not on the hour, where everybody's jobs begin. */
export const DEFAULT_DRIFT_SCHEDULE = '17 * * * *';

/** Does something at the times of a cron expression; runs never overlap, and it keeps no process alive. */
export class Schedule {
  readonly #times: string;
  readonly #name: string;
  readonly #work: () => Promise<void>;
  #task: ScheduledTask | undefined;

  /** `name`: of the work, as `health check`. */
  constructor(times: string, name: string, work: () => Promise<unknown>, log: Log) {
    this.#times = times;
    this.#name = name;
    this.#work = () =>
      work().then(
        () => undefined,
        (error: unknown) => log.error({ error: sentenceOf(error) }, `${name} failed`),
      );
  }

  /** Rejects where the times are no cron expression. */
  async start(): Promise<void> {
    this.#task ??= cron.createTask(this.#times, this.#work, { noOverlap: true, unref: true, name: this.#name });
    await this.#task.start();
  }

  async stop(): Promise<void> {
    await this.#task?.destroy();
  }
}
