import { LRUCache } from 'lru-cache';
import type { WireAnswer } from './wire-call.js';

/** The original's rule: a write that arrives again within this time, milliseconds, is not done again. */
const REMEMBERED = 600_000;
/** Memory for answers, octets; beyond it those that nobody asked for longest are forgotten early. */
const LARGEST = 32 * 1024 * 1024;
/** What an entry takes beside its text, about. */
const ENTRY = 400;

/**
 * The answers to writes of the last ten minutes. A peer whose connection breaks sends its write again, and other peers
 * may pass the same one on; in between somebody else may have changed the zone, and the repetition must not undo that.
 */
export class RecentWrites {
  readonly #running = new Map<string, Promise<WireAnswer>>();
  readonly #done: LRUCache<string, WireAnswer>;

  constructor(largest = LARGEST) {
    this.#done = new LRUCache({
      maxSize: largest,
      ttl: REMEMBERED,
      perf: performance,
      ttlResolution: 0,
      ttlAutopurge: true,
    });
  }

  /** Does `write`, unless it was done or is under way: then its answer. What failed or was refused is done again. */
  async once(key: string, write: () => WireAnswer | Promise<WireAnswer>): Promise<WireAnswer> {
    for (let other = this.#running.get(key); other !== undefined; other = this.#running.get(key)) {
      const answer = await other.catch(() => undefined);
      if (answer !== undefined && succeeded(answer)) return answer;
    }
    const done = this.#done.get(key);
    if (done !== undefined) return done;
    const running = this.#perform(key, write);
    this.#running.set(key, running);
    return running;
  }

  async #perform(key: string, write: () => WireAnswer | Promise<WireAnswer>): Promise<WireAnswer> {
    try {
      // Not before `once` has recorded that it is under way.
      await Promise.resolve();
      const answer = await write();
      if (succeeded(answer) && typeof answer.body === 'string')
        this.#done.set(key, answer, { size: ENTRY + key.length + answer.body.length });
      return answer;
    } finally {
      this.#running.delete(key);
    }
  }
}

function succeeded({ status }: WireAnswer): boolean {
  return status === undefined;
}
