import { setTimeout as pause } from 'node:timers/promises';
import { sentenceOf } from '../../errors.js';
import type { Log } from '../../operations/log.js';

/** Between looks, milliseconds; the last repeats. */
const WAITS = [250, 500, 1_000];

/** Looks whether a member that failed answers again, less and less often. Such a look is not a failed command. */
export class ReturnProbe {
  readonly #look: () => Promise<unknown>;
  readonly #ending: AbortSignal;
  readonly #log: Log;
  /** Looks since the last good push. */
  #looks = 0;

  constructor(look: () => Promise<unknown>, ending: AbortSignal, log: Log) {
    this.#look = look;
    this.#ending = ending;
    this.#log = log;
  }

  /** Resolves after a wait and a look, with whether it answers; at once where all ends. */
  async look(): Promise<boolean> {
    const wait = WAITS[Math.min(this.#looks++, WAITS.length - 1)];
    // Not cut short by changes: a member that is down is not asked more often when much is changed.
    await pause(wait, undefined, { signal: this.#ending, ref: false }).catch(() => undefined);
    if (this.#ending.aborted) return false;
    try {
      await this.#look();
      return true;
    } catch (error) {
      this.#log.debug({ error: sentenceOf(error) }, 'member does not answer yet');
      return false;
    }
  }

  /** A push came through. */
  pushed(): void {
    this.#looks = 0;
  }
}
