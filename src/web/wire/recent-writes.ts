import type { WireAnswer } from './wire-call.js';

/** The original's rule: a write that arrives again within this time, milliseconds, is not done again. */
const REMEMBERED = 600_000;
/** Memory for answers, octets; beyond it the oldest are forgotten early. */
const LARGEST = 32 * 1024 * 1024;
/** What an entry takes beside its text, about. */
const ENTRY = 200;

interface Done {
  answer: WireAnswer;
  octets: number;
  /** By the process's own time, which nobody can set. */
  until: number;
}

/**
 * The answers to writes of the last ten minutes. A peer whose connection breaks sends its write again, and other peers may pass the same one on; in between
 * somebody else may have changed the zone, and the repetition must not undo that.
 */
export class RecentWrites {
  readonly #largest: number;
  readonly #running = new Map<string, Promise<WireAnswer>>();
  /** Oldest first. */
  readonly #done = new Map<string, Done>();
  #octets = 0;

  constructor(largest = LARGEST) {
    this.#largest = largest;
  }

  /** Does `write`, unless it was done or is under way: then its answer. What failed or was refused is done again. */
  async once(key: string, write: () => WireAnswer | Promise<WireAnswer>): Promise<WireAnswer> {
    for (let other = this.#running.get(key); other !== undefined; other = this.#running.get(key)) {
      const answer = await other.catch(() => undefined);
      if (answer !== undefined && succeeded(answer)) return answer;
    }
    this.#forget();
    const done = this.#done.get(key);
    if (done !== undefined) return done.answer;
    const running = this.#perform(key, write);
    this.#running.set(key, running);
    return running;
  }

  async #perform(key: string, write: () => WireAnswer | Promise<WireAnswer>): Promise<WireAnswer> {
    try {
      // Not before `once` has noted that it is under way.
      await Promise.resolve();
      const answer = await write();
      if (succeeded(answer) && typeof answer.body === 'string') this.#remember(key, answer, answer.body);
      return answer;
    } finally {
      this.#running.delete(key);
    }
  }

  #remember(key: string, answer: WireAnswer, body: string): void {
    const octets = ENTRY + key.length + body.length;
    this.#done.set(key, { answer, octets, until: performance.now() + REMEMBERED });
    this.#octets += octets;
    this.#forget();
  }

  #forget(): void {
    const now = performance.now();
    for (const [key, { octets, until }] of this.#done) {
      if (until > now && this.#octets <= this.#largest) return;
      this.#done.delete(key);
      this.#octets -= octets;
    }
  }
}

function succeeded({ status }: WireAnswer): boolean {
  return status === undefined;
}
