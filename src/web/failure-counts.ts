import type { IncrementResponse, Store } from 'express-rate-limit';

/** Addresses that are counted at a time; the one that began first is forgotten for a new one. */
const MOST_ADDRESSES = 10_000;

/** Counts for express-rate-limit, whose own store keeps every address that calls within the time. */
export class FailureCounts implements Store {
  readonly localKeys = true;
  readonly #within: number;
  readonly #most: number;
  /** In the order in which their time began, and so in which it ends; by the process's own time, which nobody can set. */
  readonly #counts = new Map<string, { totalHits: number; until: number }>();

  /** `within`: milliseconds until an address begins anew. */
  constructor(within: number, most = MOST_ADDRESSES) {
    this.#within = within;
    this.#most = most;
  }

  get size(): number {
    return this.#counts.size;
  }

  increment(address: string): IncrementResponse {
    const now = performance.now();
    for (const [other, { until }] of this.#counts) {
      if (until > now && (this.#counts.size < this.#most || this.#counts.has(address))) break;
      this.#counts.delete(other);
    }
    const count = this.#counts.get(address) ?? { totalHits: 0, until: now + this.#within };
    count.totalHits++;
    this.#counts.set(address, count);
    return { totalHits: count.totalHits, resetTime: new Date(Date.now() + count.until - now) };
  }

  decrement(address: string): void {
    const count = this.#counts.get(address);
    if (count !== undefined) count.totalHits--;
  }

  resetKey(address: string): void {
    this.#counts.delete(address);
  }
}
