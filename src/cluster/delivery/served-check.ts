import { DnsClient } from '../../dns/messages/query.js';
import { parseName } from '../../dns/name.js';
import { sentenceOf } from '../../errors.js';
import type { Log } from '../../operations/log.js';
import type { ZoneName } from '../../zones/zone-name.js';
import { Signal } from './waking.js';

/**
 * Waits between queries for one zone, milliseconds. After the last it stays "acknowledged": DNS may be unreachable from
 * here.
 */
const DELAYS = [0, 20, 100, 500, 2_000, 10_000];
const AT_ONCE = 200;
const AFTER_LARGE_PUSH = 1_000;

interface Query {
  serial: number;
  tries: number;
  /** By the process's own time, which nobody can set. */
  at: number;
}

/**
 * Asks a member's nameserver which serial it serves for the zones that the member has just acknowledged: "in sync" is
 * measured, not assumed. A zone is asked again until the expected serial (or a later one) is seen, at most six times.
 */
export class ServedCheck {
  readonly #client: DnsClient;
  readonly #seen: (name: ZoneName, serial: number | undefined, last: boolean) => void;
  readonly #log: Log;
  readonly #queries = new Map<ZoneName, Query>();
  readonly #signal = new Signal();
  #stopped = false;
  #loop: Promise<void>;

  /** `seen` gets the serial of each query, undefined without an answer; `last` if no further query follows. */
  constructor(
    address: { host: string; port: number },
    seen: (name: ZoneName, serial: number | undefined, last: boolean) => void,
    log: Log,
  ) {
    this.#client = new DnsClient(address, { timeout: 1_000 });
    this.#seen = seen;
    this.#log = log;
    this.#loop = this.#run();
  }

  /** Begins to query for `serial` of this zone. */
  expect(name: ZoneName, serial: number): void {
    // The member has read its zones back itself: a large push is queried when it is done, so as not to slow it
    // down.
    const delay = this.#queries.size < AT_ONCE ? 0 : AFTER_LARGE_PUSH;
    this.#queries.set(name, { serial, tries: 0, at: performance.now() + delay });
    this.#signal.notify();
  }

  /** No longer of interest: the zone changed again or was removed. */
  forget(name: ZoneName): void {
    this.#queries.delete(name);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#signal.notify();
    this.#client.close();
    await this.#loop;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const now = performance.now();
      const ready: [ZoneName, Query][] = [];
      let soonest = Infinity;
      for (const pair of this.#queries) {
        if (pair[1].at <= now) ready.push(pair);
        else soonest = Math.min(soonest, pair[1].at);
        if (ready.length >= AT_ONCE) break;
      }
      if (ready.length === 0) await this.#signal.wait(soonest === Infinity ? undefined : soonest - now);
      else await Promise.all(ready.map(([name, query]) => this.#query(name, query)));
    }
  }

  async #query(name: ZoneName, query: Query): Promise<void> {
    const serial = await this.#client.soaSerial(parseName(`${name}.`)).catch(() => undefined);
    if (this.#queries.get(name) !== query || this.#stopped) return;
    query.tries++;
    const done = serial === query.serial || query.tries >= DELAYS.length;
    if (done) this.#queries.delete(name);
    else query.at = performance.now() + (DELAYS[query.tries] ?? 0);
    try {
      this.#seen(name, serial, done);
    } catch (error) {
      this.#log.error({ zone: name, error: sentenceOf(error) }, 'what a nameserver serves could not be noted');
    }
  }
}
