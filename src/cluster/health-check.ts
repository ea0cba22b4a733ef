import cron, { type ScheduledTask } from 'node-cron';
import { sentenceOf } from '../errors.js';
import type { Log } from '../operations/log.js';

/** Each minute, as the original checks. A step such as every 45 seconds would fire at :00 and :45 (measured): use divisors of 60. */
export const DEFAULT_HEALTH_SCHEDULE = '* * * * *';

/** Probes the members on a schedule (cron expression); runs never overlap, and it keeps no process alive. */
export class HealthCheck {
  readonly #schedule: string;
  readonly #probe: () => Promise<void>;
  #task: ScheduledTask | undefined;

  constructor(schedule: string, probe: () => Promise<void>, log: Log) {
    this.#schedule = schedule;
    this.#probe = () =>
      probe().catch((error: unknown) => log.error({ error: sentenceOf(error) }, 'health check failed'));
  }

  /** Rejects where the schedule is no cron expression. */
  async start(): Promise<void> {
    this.#task ??= cron.createTask(this.#schedule, this.#probe, { noOverlap: true, unref: true, name: 'health check' });
    await this.#task.start();
  }

  async stop(): Promise<void> {
    await this.#task?.destroy();
  }
}
