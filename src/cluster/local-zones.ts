import { compareSerials } from '../dns/serial.js';
import { ClusterError, sentenceOf } from '../errors.js';
import type { Applied, Nameserver, ZoneChange } from '../nameservers/nameserver.js';
import type { Log } from '../operations/log.js';
import type { ZoneEntry } from '../zones/zone-index.js';
import type { ZoneName } from '../zones/zone-name.js';
import type { ZoneStore } from '../zones/zone-store.js';
import { decideRemoval, decideSave, type Decision, type LocalChange, type LocalOutcome } from './decision.js';
import { LocalNameserver } from './local-nameserver.js';

interface Waiting {
  name: ZoneName;
  change: LocalChange;
  resolve: (outcome: LocalOutcome) => void;
  reject: (error: unknown) => void;
}

interface Decided extends Waiting {
  decision: Decision;
}

/** A write that is on disk and on its way through the nameserver. */
interface Written extends Waiting {
  outcome: LocalOutcome;
  load: ZoneChange;
}

/** So many changes share one write to disk. */
const BATCH = 512;
const MOST_WAITING = 100_000;

const NOT_LOADED: LocalOutcome['local'] = { state: 'pending', reason: 'The nameserver has not loaded it yet.' };

/**
 * The way of a change on this server (DESIGN: validate, write, load, read back, or roll back). Requests that come together
 * share one write to disk and one call of the nameserver; requests for one zone go one after the other.
 */
export class LocalZones {
  readonly #store: ZoneStore;
  readonly #nameserver: LocalNameserver;
  readonly #log: Log;
  readonly #floors = new Map<ZoneName, number>();
  readonly #waiting: Waiting[] = [];
  readonly #busy = new Set<ZoneName>();
  readonly #changed: (names: readonly ZoneName[]) => void;
  #writing = false;

  /** `changed` is told the zones whose new state (or removal) stands, for the members to follow. */
  constructor(options: {
    store: ZoneStore;
    nameserver: Nameserver;
    log: Log;
    changed: (names: readonly ZoneName[]) => void;
  }) {
    this.#store = options.store;
    this.#log = options.log;
    this.#changed = options.changed;
    this.#nameserver = new LocalNameserver({ ...options, rolledBack: options.changed });
  }

  /** Makes the nameserver serve what the store holds. */
  start(): Promise<void> {
    return this.#nameserver.start();
  }

  async stop(): Promise<void> {
    await this.#nameserver.stop();
  }

  /** A serial that somebody already serves for this zone: the next one published here lies above it. */
  noteSerial(name: ZoneName, serial: number): void {
    const known = this.#floors.get(name);
    if (known === undefined || compareSerials(serial, known) > 0) this.#floors.set(name, serial);
  }

  /** Loads these zones into the nameserver again; what it refuses stays due and is logged. */
  async reload(entries: Iterable<ZoneEntry>): Promise<void> {
    await this.#nameserver.load([...entries].map((entry) => this.#nameserver.loadOf(entry)));
  }

  /** Rejects with zone_exists, zone_unknown, zone_refused or the disk's error; the zone is then as it was. */
  change(change: LocalChange): Promise<LocalOutcome> {
    if (this.#waiting.length >= MOST_WAITING) return Promise.reject(new ClusterError('busy'));
    const name = change.kind === 'save' ? change.valid.name : change.name;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ name, change, resolve, reject });
      // Deferred, so that all requests of one turn of the event loop share a write.
      if (!this.#writing) {
        this.#writing = true;
        setImmediate(() => void this.#writeWaiting());
      }
    });
  }

  async #writeWaiting(): Promise<void> {
    for (;;) {
      const batch = this.#takeBatch();
      if (batch.length === 0) break;
      const written = await this.#write(batch);
      // Loading goes on beside the next write; a zone stays busy until it is through.
      void this.#load(written);
    }
    this.#writing = false;
  }

  /** The first waiting requests whose zones are free, one a zone, in their order. */
  #takeBatch(): Waiting[] {
    const batch: Waiting[] = [];
    const blocked = new Set<ZoneName>();
    for (let i = 0; i < this.#waiting.length && batch.length < BATCH; i++) {
      const waiting = this.#waiting[i];
      if (waiting === undefined) break;
      if (this.#busy.has(waiting.name) || blocked.has(waiting.name)) blocked.add(waiting.name);
      else {
        batch.push(waiting);
        this.#busy.add(waiting.name);
      }
    }
    const taken = new Set(batch);
    if (taken.size > 0) this.#waiting.splice(0, this.#waiting.length, ...this.#waiting.filter((w) => !taken.has(w)));
    return batch;
  }

  /** Decides and writes a batch; returns what the nameserver must follow. All else is settled. */
  async #write(batch: readonly Waiting[]): Promise<Written[]> {
    const decided: Decided[] = [];
    for (const waiting of batch) {
      try {
        decided.push({ ...waiting, decision: this.#decide(waiting) });
      } catch (error) {
        this.#settle(waiting, () => waiting.reject(error));
      }
    }
    try {
      await this.#commit(decided);
    } catch (error) {
      this.#log.error({ error: sentenceOf(error) }, 'changes could not be written');
      for (const waiting of decided) this.#settle(waiting, () => waiting.reject(error));
      return [];
    }
    const written: Written[] = [];
    for (const waiting of decided) {
      const { outcome, load } = waiting.decision;
      if (load !== undefined) written.push({ ...waiting, outcome, load });
      else
        this.#settle(waiting, () =>
          waiting.resolve(this.#nameserver.isDue(waiting.name) ? { ...outcome, local: NOT_LOADED } : outcome),
        );
    }
    return written;
  }

  #decide({ name, change }: Waiting): Decision {
    if (change.kind === 'remove') return decideRemoval(name, this.#store);
    return decideSave(change, this.#store, this.#floors.get(name));
  }

  async #commit(decided: readonly Decided[]): Promise<void> {
    const saves: NonNullable<Decision['write']>[] = [];
    const comments: NonNullable<Decision['write']>[] = [];
    const removals = new Map<string, ZoneName[]>();
    for (const { name, change, decision } of decided) {
      if (change.kind === 'remove') removals.set(change.by, [...(removals.get(change.by) ?? []), name]);
      else if (decision.write !== undefined) (decision.load === undefined ? comments : saves).push(decision.write);
    }
    // The same records in another spelling: the text is kept as given, and there is nothing to load.
    const respelled: typeof comments = [];
    for (const write of comments) {
      const held = this.#store.read(write.valid.name);
      if (held?.equals(write.valid.text) !== true && !this.#nameserver.isDue(write.valid.name)) respelled.push(write);
    }
    if (saves.length + respelled.length > 0) await this.#store.write([...saves, ...respelled]);
    if (respelled.length > 0) await this.#store.confirm(respelled.map((write) => write.valid.name));
    for (const [by, names] of removals) await this.#store.remove(names, by);
  }

  async #load(written: readonly Written[]): Promise<void> {
    if (written.length === 0) return;
    const applied = await this.#nameserver.load(written.map((change) => change.load));
    this.#changed(written.filter((_, i) => applied[i]?.outcome !== 'refused').map((change) => change.name));
    written.forEach((change, i) => {
      const result = applied[i];
      this.#settle(change, () => {
        if (result?.outcome === 'refused') {
          change.reject(new ClusterError('zone_refused', { zone: change.name, why: result.reason ?? '' }));
        } else change.resolve({ ...change.outcome, local: localState(result) });
      });
    });
  }

  #settle(waiting: Waiting, settle: () => void): void {
    this.#busy.delete(waiting.name);
    settle();
    if (!this.#writing && this.#waiting.length > 0) {
      this.#writing = true;
      setImmediate(() => void this.#writeWaiting());
    }
  }
}

function localState(applied: Applied | undefined): LocalOutcome['local'] {
  if (applied?.outcome === 'served') return { state: 'served' };
  return { state: 'pending', reason: applied?.reason ?? 'the nameserver could not be asked' };
}
