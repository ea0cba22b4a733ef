import { ClusterError } from '../errors.js';
import { accountOf, type Principal } from './principal.js';

/** Throws account_limit where an account that is not root's would have more than `most`. `advice`: what to do then. */
export function refuseAbove(
  { count, most }: { count: number; most: number },
  by: Principal,
  facts: { what: string; advice: string },
): void {
  if (by.kind !== 'root' && count > most) throw new ClusterError('account_limit', { ...facts, limit: most });
}

/** So much one account may have in hand at a time, which leaves room for others. Root is not limited. */
export class InHand {
  readonly #what: string;
  readonly #most: number;
  readonly #of = new Map<string, number>();

  /** `what`: as `calls to servers`. */
  constructor(what: string, most: number) {
    this.#what = what;
    this.#most = most;
  }

  /** Rejects with account_limit where as many are in hand. */
  async run<T>(by: Principal, work: () => Promise<T>): Promise<T> {
    const user = accountOf(by);
    const count = (this.#of.get(user) ?? 0) + 1;
    refuseAbove({ count, most: this.#most }, by, { what: this.#what, advice: 'Wait until one of them has ended' });
    this.#of.set(user, count);
    try {
      return await work();
    } finally {
      const left = (this.#of.get(user) ?? 1) - 1;
      if (left === 0) this.#of.delete(user);
      else this.#of.set(user, left);
    }
  }
}

/** So many different things one account may try within a time; the same again is free. Root is not limited. */
export class Different {
  readonly #what: string;
  readonly #most: number;
  readonly #within: number;
  /** Account → what was tried → when. */
  readonly #of = new Map<string, Map<string, number>>();

  /** `within`: milliseconds. */
  constructor(what: string, most: number, within: number) {
    this.#what = what;
    this.#most = most;
    this.#within = within;
  }

  /** Throws account_limit. */
  note(by: Principal, one: string, now = Date.now()): void {
    if (by.kind === 'root') return;
    const before = [...(this.#of.get(accountOf(by)) ?? [])].filter(
      ([, time]) => now - time < this.#within && time <= now,
    );
    const tried = new Map(before);
    const isNew = !tried.has(one);
    const advice = `Try again after ${Math.ceil(this.#within / 60_000)} minutes`;
    refuseAbove({ count: tried.size + (isNew ? 1 : 0), most: this.#most }, by, { what: this.#what, advice });
    if (isNew) tried.set(one, now);
    this.#of.set(accountOf(by), tried);
  }
}
