import type { PushTotals } from '../model/member-status.js';

/** Times that are kept: with one probe a minute, the last hour. */
const KEPT = 60;

/** How long a member's last answers took. */
export class Latency {
  #taken: (number | undefined)[] = [];

  /** Whole milliseconds, the oldest first; undefined where no answer came. */
  get history(): readonly (number | undefined)[] {
    return this.#taken;
  }

  async measure<T>(call: () => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      const answer = await call();
      this.#record(Math.round(performance.now() - start));
      return answer;
    } catch (error) {
      this.#record(undefined);
      throw error;
    }
  }

  #record(milliseconds: number | undefined): void {
    this.#taken = [...this.#taken.slice(1 - KEPT), milliseconds];
  }
}

/** Counts the calls that carry zones to one member. */
export class PushFigures {
  #totals: PushTotals = { calls: 0, failures: 0, zones: 0, seconds: 0 };

  get totals(): PushTotals {
    return { ...this.#totals };
  }

  /** Makes a call with so many zones. Rejects as it does. */
  async measure<T>(zones: number, call: () => Promise<T>): Promise<T> {
    const start = performance.now();
    this.#totals.calls++;
    try {
      const answer = await call();
      this.#totals.zones += zones;
      return answer;
    } catch (error) {
      this.#totals.failures++;
      throw error;
    } finally {
      this.#totals.seconds += (performance.now() - start) / 1_000;
    }
  }
}
