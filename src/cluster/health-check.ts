import cron, { type ScheduledTask } from 'node-cron';
import { sentenceOf } from '../errors.js';
import type { Log } from '../operations/log.js';

/** Each minute, as the original checks. A step such as every 45 seconds would fire at :00 and :45 (measured): use divisors of 60. */
export const DEFAULT_HEALTH_SCHEDULE = '* * * * *';

/** Probes the members on a schedule (cron expression); runs never overlap, and it keeps no process alive. */
export class HealthCheck {
  readonly #task: ScheduledTask;

  constructor(schedule: string, probe: () => Promise<void>, log: Log) {
    this.#task = cron.createTask(
      schedule,
      async () => {
        await probe().catch((error: unknown) => log.error({ error: sentenceOf(error) }, 'health check failed'));
      },
      { noOverlap: true, unref: true, name: 'health check' },
    );
  }

  async start(): Promise<void> {
    await this.#task.start();
  }

  async stop(): Promise<void> {
    await this.#task.destroy();
  }
}
