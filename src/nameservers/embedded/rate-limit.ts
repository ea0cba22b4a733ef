import type { BlockList } from 'node:net';
import { LRUCache } from 'lru-cache';
import type { Name } from '../../dns/name.js';
import type { Log } from '../../operations/log.js';
import { addressList, isInList, networkOf } from './network.js';
import type { RateLimitSettings } from './settings.js';

// As many as BIND's max-table-size: a flood from forged addresses makes the oldest forgotten.
const MOST_BUCKETS = 20_000;
const LOG_INTERVAL = 60; // seconds

/** What is equal for answers that are counted together: as BIND has it. */
export interface Counted {
  /** The type that is answered, or why nothing is. */
  kind: number | 'referral' | 'nodata' | 'nxdomain' | 'error';
  /** The owner of what is answered: the wildcard, the zone cut, the zone of a name that does not exist. */
  owner: Name | '';
}

/** To send it, to send a truncated one, so that an asker who is not forged comes over TCP, or nothing. */
export type Verdict = 'send' | 'slip' | 'drop';

interface Bucket {
  /** Answers that are left; below zero: that were too many. */
  balance: number;
  /** Seconds, when it was last filled. */
  at: number;
  /** Answers beyond the rate since it was last full. */
  beyond: number;
}

/**
 * Response-rate limiting, with the rules of BIND's `rate-limit`: nobody gets more equal answers over UDP than a rate
 * allows, so that floods of questions with forged addresses draw little to whom these belong.
 */
export class RateLimit {
  readonly #settings: RateLimitSettings;
  readonly #exempt: BlockList;
  readonly #log: Log;
  readonly #now: () => number;
  readonly #buckets = new LRUCache<string, Bucket>({ max: MOST_BUCKETS });
  /** By address; empty where it is exempt. */
  readonly #networks = new LRUCache<string, string>({ max: MOST_BUCKETS });
  #limited = 0;
  #loggedAt = -Infinity;

  /** `own`: addresses that this server itself asks from. `now`: seconds, of a clock that is never set. */
  constructor(
    settings: RateLimitSettings,
    own: readonly string[],
    log: Log,
    now = (): number => performance.now() / 1000,
  ) {
    this.#settings = settings;
    this.#exempt = addressList([...settings.exemptClients, ...own]);
    this.#log = log;
    this.#now = now;
  }

  /** Counts an answer over UDP, and says what becomes of it. */
  judge(address: string, { kind, owner }: Counted): Verdict {
    if (this.#settings.responsesPerSecond === 0) return 'send';
    const network = this.#networkOf(address);
    if (network === '') return 'send';
    const now = Math.floor(this.#now());
    const verdict = this.#debit(`${network} ${kind} ${owner}`, now);
    if (verdict !== 'send') this.#note(address, now);
    return verdict;
  }

  #networkOf(address: string): string {
    let network = this.#networks.get(address);
    if (network === undefined) {
      const { ipv4PrefixLength: ipv4, ipv6PrefixLength: ipv6 } = this.#settings;
      network = isInList(this.#exempt, address) ? '' : networkOf(address, { ipv4, ipv6 });
      this.#networks.set(address, network);
    }
    return network;
  }

  #debit(key: string, now: number): Verdict {
    const { responsesPerSecond: rate, window, slip } = this.#settings;
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      bucket = { balance: rate, at: now, beyond: 0 };
      this.#buckets.set(key, bucket);
    }
    const age = now - bucket.at;
    bucket.at = now;
    bucket.balance = age > window ? rate : Math.min(rate, bucket.balance + rate * age);
    if (bucket.balance === rate) bucket.beyond = 0;
    if (--bucket.balance >= 0) return 'send';
    bucket.balance = Math.max(bucket.balance, -window * rate);
    return slip > 0 && bucket.beyond++ % slip === 0 ? 'slip' : 'drop';
  }

  #note(address: string, now: number): void {
    this.#limited++;
    if (now - this.#loggedAt < LOG_INTERVAL) return;
    this.#log.warn({ address, limited: this.#limited }, 'DNS answers are limited: equal ones are asked for too often');
    this.#limited = 0;
    this.#loggedAt = now;
  }
}
