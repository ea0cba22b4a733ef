import { sentenceOf } from '../../errors.js';
import type { Applied, ApplyProgress, Nameserver, ZoneChange } from '../../nameservers/nameserver.js';
import { inSlices, mapInSlices } from '../../operations/in-slices.js';
import type { Log } from '../../operations/log.js';
import type { ZoneName } from '../../zones/zone-name.js';
import type { ZoneVersion } from '../../zones/zone-index.js';
import type { ZoneStore } from '../../zones/zone-store.js';

/** Waits before a nameserver that could not be asked is asked again, milliseconds; the last repeats. */
const RETRY = [500, 1_000, 2_000, 5_000, 10_000];

/** From this many changes on, they are given together with those that arrive within such periods (milliseconds). */
const GATHER_ABOVE = 200;
const GATHER_FOR = 50;
const GATHER_TIMES = 20;

/** Served zones of a batch are reported after this time, milliseconds, even if the rest is still unknown. */
const SETTLE_AFTER = 100;

export interface LocalOptions {
  store: ZoneStore;
  nameserver: Nameserver;
  log: Log;
  /** Is told the zones whose new state (or removal) stands, for the members to follow. */
  zonesChanged: (names: readonly ZoneName[]) => void;
}

interface Queued {
  change: ZoneChange;
  resolve: (applied: Applied) => void;
}

interface Loaded {
  change: ZoneChange;
  applied: Applied;
}

type Refused = ZoneVersion & { why: string; wasDue: boolean };

/**
 * Brings what the store has written into this server's nameserver. Served: the previous version is dropped. Refused: it
 * is put back. Not to be asked: the change stays due and is tried until the nameserver is back. Changes that come while
 * others are given to it are put together: one large batch is far quicker than many small ones. A zone that does not
 * come to be served is waited for beside the others: only changes of one zone go one after the other.
 */
export class LocalNameserver {
  readonly #store: ZoneStore;
  readonly #nameserver: Nameserver;
  readonly #log: Log;
  readonly #zonesChanged: LocalOptions['zonesChanged'];
  #queue: Queued[] = [];
  #isDraining = false;
  /** Zones that the nameserver is to load, or to drop, as they stand when it can be asked. */
  readonly #due = new Set<ZoneName>();
  /** Batches that the nameserver was given, and their zones until it is known what became of each. */
  readonly #loading = new Set<Promise<void>>();
  readonly #underWay = new Set<ZoneName>();
  /** What gives something to the nameserver: one after the other. */
  #chain: Promise<void> = Promise.resolve();
  #everythingDue = false;
  #tries = 0;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor({ store, nameserver, log, zonesChanged }: LocalOptions) {
    this.#store = store;
    this.#nameserver = nameserver;
    this.#log = log;
    this.#zonesChanged = zonesChanged;
  }

  /** Is this zone on disk, but not yet in the nameserver? */
  isDue(name: ZoneName): boolean {
    return this.#everythingDue || this.#due.has(name);
  }

  async start(): Promise<void> {
    await this.#nameserver.start(() => this.#returned());
    await this.#synchronize();
  }

  /** It may have lost what it served: everything is queried, and given to it again where it is not answered. */
  #returned(): void {
    if (this.#stopped) return;
    this.#everythingDue = true;
    void this.#retry();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    do {
      await this.#chain;
      await Promise.all(this.#loading);
    } while (this.#isDraining);
    await this.#nameserver.stop();
  }

  /** Makes the nameserver load these zones as they stand in the store; what fails is tried again. */
  async reload(names: Iterable<ZoneName>): Promise<void> {
    await Promise.all(await mapInSlices([...names], (name) => this.load(this.#loadNow(name))));
  }

  /** Resolves with what became of it, as soon as that is known. Never rejects. */
  load(change: ZoneChange): Promise<Applied> {
    return new Promise((resolve) => {
      this.#queue.push({ change, resolve });
      this.#drainSoon();
    });
  }

  /** For what is no zone of the store: beside the batches, and never while everything is synchronized. */
  beside<T>(work: (nameserver: Nameserver) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      void this.#inTurn(() => {
        const done = work(this.#nameserver).then(resolve, reject);
        const open = done.finally(() => this.#loading.delete(open));
        this.#loading.add(open);
      });
    });
  }

  #drainSoon(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    void this.#inTurn(() => this.#drain());
  }

  #inTurn(step: () => Promise<void> | void): Promise<void> {
    this.#chain = this.#chain.then(step).catch((error: unknown) => {
      this.#log.error({ error: sentenceOf(error) }, 'loading zones failed');
    });
    return this.#chain;
  }

  /** Resolves when the nameserver was given what can be given now, not when that is served. */
  async #drain(): Promise<void> {
    await this.#untilGathered();
    this.#isDraining = false;
    const taken = new Map<ZoneName, Queued>();
    const queue = [...this.#queue];
    const waiting: Queued[] = [];
    await inSlices(queue, (queued) => {
      const { name } = queued.change;
      if (this.#underWay.has(name) || taken.has(name)) waiting.push(queued);
      else if (this.#stands(queued.change)) taken.set(name, queued);
      // It is of the past: a newer one is in the queue, or it was refused already, and put back.
      else queued.resolve({ name, outcome: 'refused' });
    });
    this.#queue = waiting.concat(this.#queue.slice(queue.length));
    if (taken.size === 0) return;
    await new Promise<void>((given) => {
      const loading = this.#load(taken, given).finally(() => this.#loading.delete(loading));
      this.#loading.add(loading);
    });
  }

  /** Never rejects. Calls `given` when the next batch may come, and tells each queued change as soon as it is known. */
  async #load(batch: ReadonlyMap<ZoneName, Queued>, given: () => void): Promise<void> {
    const open = new Map(batch);
    for (const name of open.keys()) this.#underWay.add(name);
    const report = async (applied: readonly Applied[]): Promise<void> => {
      const known: (Queued & Loaded)[] = [];
      await inSlices(applied, (one) => {
        const queued = open.get(one.name);
        open.delete(one.name);
        if (queued !== undefined) known.push({ ...queued, applied: one });
      });
      await this.#finish(known);
      await inSlices(known, ({ applied, resolve }) => {
        this.#underWay.delete(applied.name);
        resolve(applied);
      });
      if (this.#queue.length > 0) this.#drainSoon();
    };
    const served: Applied[] = [];
    const settling: Promise<void>[] = [];
    const reportServed = setInterval(() => {
      if (served.length > 0) settling.push(report(served.splice(0)));
    }, SETTLE_AFTER);
    const changes = [...batch.values()].map(({ change }) => change);
    const progress: ApplyProgress = { given, served: (applied) => served.push(applied) };
    const applied = await this.#apply(changes, (nameserver) => nameserver.apply(changes, progress)).finally(() => {
      clearInterval(reportServed);
      given();
    });
    await Promise.all([...settling, report(applied)]);
  }

  #stands(change: ZoneChange): boolean {
    const serial = this.#store.get(change.name)?.serial;
    return serial === (change.kind === 'upsert' ? change.serial : undefined);
  }

  /** Waits a moment for more while very many changes stream in: each large load costs the nameserver a pause. */
  async #untilGathered(): Promise<void> {
    for (let i = 0, before = GATHER_ABOVE - 1; i < GATHER_TIMES && this.#queue.length > before; i++) {
      before = this.#queue.length;
      await new Promise((resolve) => setTimeout(resolve, GATHER_FOR));
    }
  }

  /** A removal that is refused is not undone: the nameserver is asked again until it has dropped the zone. */
  async #apply(
    changes: readonly ZoneChange[],
    ask = (nameserver: Nameserver): Promise<Applied[]> => nameserver.apply(changes),
  ): Promise<Applied[]> {
    try {
      const applied = await ask(this.#nameserver);
      return changes.map(({ name, kind }, i): Applied => {
        const result = applied[i] ?? { name, outcome: 'unavailable' };
        return kind === 'remove' && result.outcome === 'refused' ? { ...result, outcome: 'unavailable' } : result;
      });
    } catch (error) {
      const reason = sentenceOf(error);
      this.#log.error({ error: reason }, 'the nameserver could not be asked');
      return changes.map(({ name }) => ({ name, outcome: 'unavailable', reason }));
    }
  }

  /** Confirms, rolls back or keeps as due, by outcome. */
  async #finish(loaded: readonly Loaded[], wereDue = false): Promise<void> {
    const served: ZoneVersion[] = [];
    const refused: Refused[] = [];
    await inSlices(loaded, ({ change, applied }) => {
      const { outcome, reason: why = '' } = applied;
      const wasDue = wereDue || this.#due.has(change.name);
      if (outcome === 'unavailable') this.#due.add(change.name);
      else this.#due.delete(change.name);
      if (change.kind === 'upsert' && outcome === 'served') served.push(change);
      if (change.kind === 'upsert' && outcome === 'refused') refused.push({ ...change, why, wasDue });
    });
    await this.#store.confirm(served);
    if (refused.length > 0) await this.#putBack(refused);
    if (this.#due.size > 0) this.#retryLater();
  }

  async #putBack(refused: readonly Refused[]): Promise<void> {
    const names = refused.map(({ name }) => name);
    const wereDue = refused.flatMap(({ name, wasDue }) => (wasDue ? [name] : []));
    this.#log.warn({ zones: names.slice(0, 20), count: names.length }, 'the nameserver refused zones');
    try {
      const back = await this.#store.rollback(refused);
      // Their change had been kept as due, and stands no more; the members may have got it meanwhile.
      if (wereDue.length > 0) this.#zonesChanged(wereDue);
      // Of a zone whose text before is not here, the nameserver keeps what it has.
      const known = back.filter((name) => !this.#store.edits.isBroken(name) || this.#store.get(name) === undefined);
      const applied = await this.#apply(known.map((name) => this.#loadNow(name)));
      for (const { name, outcome } of applied) if (outcome !== 'served') this.#due.add(name);
    } catch (error) {
      // The disk refused it: the nameserver is asked, refuses and it is put back, when there is room.
      for (const name of names) this.#due.add(name);
      this.#log.error({ error: sentenceOf(error) }, 'zones that the nameserver refused could not be put back');
    }
  }

  /** What makes the nameserver follow this zone as it stands. */
  #loadNow(name: ZoneName): ZoneChange {
    const entry = this.#store.get(name);
    if (entry === undefined) return { kind: 'remove', name };
    return { kind: 'upsert', name, file: this.#store.fileOf(name), serial: entry.serial, isNew: false };
  }

  /** Alone: what was given before is finished, and nothing is given meanwhile. */
  async #synchronize(): Promise<void> {
    await Promise.all(this.#loading);
    const changes = await mapInSlices(this.#store.names(), (name) => this.#loadNow(name));
    const wereDue = this.#everythingDue;
    const applied = await this.#apply(changes, (nameserver) => nameserver.synchronize(changes));
    this.#everythingDue = applied.length > 0 && applied.every(({ outcome }) => outcome === 'unavailable');
    const loaded = changes.flatMap((change, i): Loaded[] => {
      const one = applied[i];
      return one === undefined ? [] : [{ change, applied: one }];
    });
    if (this.#everythingDue) this.#retryLater();
    else await this.#finish(loaded, wereDue);
  }

  #retryLater(): void {
    if (this.#timer !== undefined || this.#stopped) return;
    const delay = RETRY[Math.min(this.#tries++, RETRY.length - 1)];
    this.#timer = setTimeout(() => {
      void this.#retry().finally(() => {
        this.#timer = undefined;
        if (this.#due.size > 0 || this.#everythingDue) this.#retryLater();
      });
    }, delay);
    this.#timer.unref();
  }

  /** In the queue, so that it never overtakes a newer change of the same zone. */
  async #retry(): Promise<void> {
    if (this.#everythingDue) await this.#inTurn(() => this.#synchronize());
    else await this.reload(this.#due);
    if (this.#due.size > 0 || this.#everythingDue || this.#tries === 0) return;
    this.#tries = 0;
    this.#log.info('the nameserver serves everything again');
  }
}
