import type { IncrementResponse, Store } from 'express-rate-limit';
import { LRUCache } from 'lru-cache';

/** Addresses that are counted at a time; the one that was quiet longest is forgotten for a new one. */
const MOST_ADDRESSES = 10_000;

/** Counts for express-rate-limit, whose own store keeps every address that calls within the time. */
export class FailureCounts implements Store {
  readonly localKeys = true;
  readonly #counts: LRUCache<string, { totalHits: number }>;

  /** `within`: milliseconds until an address begins anew. */
  constructor(within: number, most = MOST_ADDRESSES) {
    this.#counts = new LRUCache({ max: most, ttl: within, perf: performance, ttlResolution: 0 });
  }

  get size(): number {
    return this.#counts.size;
  }

  increment(address: string): IncrementResponse {
    const count = this.#counts.get(address) ?? { totalHits: 0 };
    count.totalHits++;
    // Its time goes on from the first.
    this.#counts.set(address, count, { noUpdateTTL: true });
    return { ...count, resetTime: new Date(Date.now() + this.#counts.getRemainingTTL(address)) };
  }

  decrement(address: string): void {
    const count = this.#counts.get(address);
    if (count !== undefined) count.totalHits--;
  }

  resetKey(address: string): void {
    this.#counts.delete(address);
  }
}
