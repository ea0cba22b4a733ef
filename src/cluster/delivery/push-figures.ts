import type { PushTotals } from '../model/member-status.js';

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
