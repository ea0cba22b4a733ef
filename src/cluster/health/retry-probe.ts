import { setTimeout as pause } from 'node:timers/promises';
import { sentenceOf } from '../../errors.js';
import type { Log } from '../../operations/log.js';

/** Waits between probes, milliseconds; the last repeats. */
const WAITS = [250, 500, 1_000];

/** Probes whether a member that failed answers again, less and less often. Such a probe is not a failed command. */
export class RetryProbe {
  readonly #probe: () => Promise<unknown>;
  readonly #ending: AbortSignal;
  readonly #log: Log;
  /** Probes since the last good push. */
  #probes = 0;

  constructor(probe: () => Promise<unknown>, ending: AbortSignal, log: Log) {
    this.#probe = probe;
    this.#ending = ending;
    this.#log = log;
  }

  /** Resolves after a wait and a probe, with whether it answers; at once when all ends. */
  async next(): Promise<boolean> {
    const wait = WAITS[Math.min(this.#probes++, WAITS.length - 1)];
    // Not cut short by changes: a member that is down is not asked more often when much is changed.
    await pause(wait, undefined, { signal: this.#ending, ref: false }).catch(() => undefined);
    if (this.#ending.aborted) return false;
    try {
      await this.#probe();
      return true;
    } catch (error) {
      this.#log.debug({ error: sentenceOf(error) }, 'member does not answer yet');
      return false;
    }
  }

  /** A push came through. */
  pushed(): void {
    this.#probes = 0;
  }
}
