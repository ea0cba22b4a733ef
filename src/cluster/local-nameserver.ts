import { sentenceOf } from '../errors.js';
import type { Applied, Nameserver, ZoneChange } from '../nameservers/nameserver.js';
import type { Log } from '../operations/log.js';
import type { ZoneEntry } from '../zones/zone-index.js';
import type { ZoneName } from '../zones/zone-name.js';
import type { ZoneStore } from '../zones/zone-store.js';

/** Waits before a nameserver that could not be asked is asked again, milliseconds; the last repeats. */
const RETRY = [500, 1_000, 2_000, 5_000, 10_000];

/** From so many changes on, their nameserver gets them together with what still arrives within such periods (milliseconds). */
const GATHER_ABOVE = 200;
const GATHER_FOR = 50;
const GATHER_TIMES = 20;

interface Queued {
  changes: readonly ZoneChange[];
  resolve: (applied: Applied[]) => void;
}

/**
 * Brings what the store has written into this server's nameserver. Served: the previous version is dropped. Refused: it is put
 * back. Not to be asked: the change stays due and is tried until the nameserver is back. Calls that come while one runs are
 * put together, because nameservers take one large batch far better than many small ones.
 */
export class LocalNameserver {
  readonly #store: ZoneStore;
  readonly #nameserver: Nameserver;
  readonly #log: Log;
  readonly #rolledBack: (names: readonly ZoneName[]) => void;
  readonly #queue: Queued[] = [];
  readonly #due = new Map<ZoneName, ZoneChange>();
  #chain: Promise<void> = Promise.resolve();
  #everythingDue = false;
  #tries = 0;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  /** `rolledBack` is told zones whose change had been kept as due and was refused in the end. */
  constructor(options: {
    store: ZoneStore;
    nameserver: Nameserver;
    log: Log;
    rolledBack: (names: readonly ZoneName[]) => void;
  }) {
    this.#store = options.store;
    this.#nameserver = options.nameserver;
    this.#log = options.log;
    this.#rolledBack = options.rolledBack;
  }

  /** Is this zone on disk, but not yet in the nameserver? */
  isDue(name: ZoneName): boolean {
    return this.#everythingDue || this.#due.has(name);
  }

  async start(): Promise<void> {
    await this.#nameserver.start();
    await this.#synchronize();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#chain;
    await this.#nameserver.stop();
  }

  /** Makes the nameserver serve a zone as it now stands in the store. */
  loadOf(entry: ZoneEntry): ZoneChange {
    return {
      kind: 'upsert',
      name: entry.name,
      file: this.#store.fileOf(entry.name),
      serial: entry.serial,
      isNew: false,
    };
  }

  /** One outcome for each change, in their order. Never rejects. */
  load(changes: readonly ZoneChange[]): Promise<Applied[]> {
    return new Promise((resolve) => {
      this.#queue.push({ changes, resolve });
      if (this.#queue.length === 1) this.#chain = this.#chain.then(() => this.#drain());
    });
  }

  async #drain(): Promise<void> {
    await this.#untilGathered();
    const taken = this.#queue.splice(0);
    const changes = taken.flatMap((queued) => queued.changes);
    const applied = await this.#apply(changes);
    // What the disk refuses here stays unconfirmed and is settled at the next start.
    await this.#settle(changes, applied).catch((error: unknown) => {
      this.#log.error({ error: sentenceOf(error) }, 'the outcome of loading zones could not be written');
    });
    let at = 0;
    for (const queued of taken) queued.resolve(applied.slice(at, (at += queued.changes.length)));
  }

  /** While very many changes stream in, waits a moment for more of them: each large load costs the nameserver a pause. */
  async #untilGathered(): Promise<void> {
    const queued = (): number => this.#queue.reduce((sum, { changes }) => sum + changes.length, 0);
    for (let i = 0, before = 0; i < GATHER_TIMES && queued() >= GATHER_ABOVE && queued() > before; i++) {
      before = queued();
      await new Promise((resolve) => setTimeout(resolve, GATHER_FOR));
    }
  }

  #apply(changes: readonly ZoneChange[]): Promise<Applied[]> {
    return this.#nameserver
      .apply(changes)
      .catch((error: unknown) =>
        changes.map(({ name }): Applied => ({ name, outcome: 'unavailable', reason: sentenceOf(error) })),
      );
  }

  /** Confirms, rolls back or keeps as due, by outcome. Returns the zones that were rolled back. */
  async #settle(changes: readonly ZoneChange[], applied: readonly Applied[]): Promise<ZoneName[]> {
    const served: ZoneName[] = [];
    const refused: ZoneName[] = [];
    changes.forEach((change, i) => {
      const result = applied[i];
      if (result?.outcome === 'served') served.push(change.name);
      else if (result?.outcome === 'refused' && change.kind === 'upsert') refused.push(change.name);
      else this.#due.set(change.name, change);
      if (result?.outcome === 'served' || result?.outcome === 'refused') this.#due.delete(change.name);
    });
    if (served.length > 0) await this.#store.confirm(served);
    const revertible = new Set(refused.length > 0 ? this.#store.unconfirmed() : []);
    const back = refused.filter((name) => revertible.has(name));
    if (refused.length > 0)
      this.#log.warn({ zones: refused.slice(0, 20), count: refused.length }, 'the nameserver refused zones');
    if (back.length > 0) {
      await this.#store.rollback(back);
      await this.#nameserver.apply(back.map((name) => this.#loadNow(name))).catch(() => undefined);
    }
    if (this.#due.size > 0) this.#retryLater();
    return back;
  }

  #loadNow(name: ZoneName): ZoneChange {
    const entry = this.#store.get(name);
    return entry === undefined ? { kind: 'remove', name } : this.loadOf(entry);
  }

  async #synchronize(): Promise<void> {
    const changes = [...this.#store.entries()].map((entry) => this.loadOf(entry));
    const applied = await this.#nameserver.synchronize(changes).catch((error: unknown): Applied[] => {
      this.#log.error({ error: sentenceOf(error) }, 'the nameserver could not be brought up to date; trying again');
      return changes.map(({ name }) => ({ name, outcome: 'unavailable' }));
    });
    this.#everythingDue = applied.length > 0 && applied.every((result) => result.outcome === 'unavailable');
    if (this.#everythingDue) this.#retryLater();
    else await this.#settle(changes, applied);
  }

  #retryLater(): void {
    if (this.#timer !== undefined || this.#stopped) return;
    const delay = RETRY[Math.min(this.#tries++, RETRY.length - 1)];
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      // Through the queue's runner, so that a retry never overtakes a newer change of the same zone.
      this.#chain = this.#chain
        .then(() => this.#retry())
        .catch((error: unknown) => {
          this.#log.error({ error: sentenceOf(error) }, 'loading zones again failed');
          this.#retryLater();
        });
    }, delay);
    this.#timer.unref();
  }

  async #retry(): Promise<void> {
    if (this.#everythingDue) await this.#synchronize();
    else {
      const changes = [...this.#due.keys()].map((name) => this.#loadNow(name));
      const back = await this.#settle(changes, await this.#apply(changes));
      if (back.length > 0) this.#rolledBack(back);
    }
    if (this.#due.size === 0 && !this.#everythingDue) {
      this.#tries = 0;
      this.#log.info('the nameserver serves everything again');
    }
  }
}
