import { sentenceOf } from '../errors.js';
import type { Applied, Nameserver, ZoneChange } from '../nameservers/nameserver.js';
import type { Log } from '../operations/log.js';
import type { ZoneName } from '../zones/zone-name.js';
import type { ZoneStore, ZoneVersion } from '../zones/zone-store.js';

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
  /** Zones that the nameserver is to load, or to drop, as they stand when it can be asked. */
  readonly #due = new Set<ZoneName>();
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
    await this.#nameserver.start(() => this.#returned());
    await this.#synchronize();
  }

  /** It may have lost what it served: everything is looked at, and given to it again where it is not answered. */
  #returned(): void {
    if (this.#stopped) return;
    this.#everythingDue = true;
    void this.#inTurn(() => this.#retry());
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#chain;
    await this.#nameserver.stop();
  }

  /** Makes the nameserver load these zones as they stand in the store when it comes to them; what fails is tried again. */
  async reload(names: Iterable<ZoneName>): Promise<void> {
    for (const name of names) this.#due.add(name);
    await this.#inTurn(() => this.#retry());
  }

  /** One outcome for each change, in their order. Never rejects. */
  load(changes: readonly ZoneChange[]): Promise<Applied[]> {
    return new Promise((resolve) => {
      this.#queue.push({ changes, resolve });
      if (this.#queue.length === 1) void this.#inTurn(() => this.#drain());
    });
  }

  #inTurn(step: () => Promise<void>): Promise<void> {
    this.#chain = this.#chain.then(step).catch((error: unknown) => {
      this.#log.error({ error: sentenceOf(error) }, 'loading zones failed');
    });
    return this.#chain;
  }

  async #drain(): Promise<void> {
    await this.#untilGathered();
    const taken = this.#queue.splice(0);
    // A version that a retry found refused meanwhile was put back already.
    const changes = taken.flatMap((queued) => queued.changes).filter((change) => this.#stands(change));
    const applied = await this.#apply(changes);
    await this.#settle(changes, applied);
    const outcomes = new Map(applied.map((outcome) => [outcome.name, outcome]));
    for (const queued of taken) {
      queued.resolve(queued.changes.map(({ name }) => outcomes.get(name) ?? { name, outcome: 'refused' }));
    }
  }

  #stands(change: ZoneChange): boolean {
    const serial = this.#store.get(change.name)?.serial;
    return serial === (change.kind === 'upsert' ? change.serial : undefined);
  }

  /** While very many changes stream in, waits a moment for more of them: each large load costs the nameserver a pause. */
  async #untilGathered(): Promise<void> {
    const queued = (): number => this.#queue.reduce((sum, { changes }) => sum + changes.length, 0);
    for (let i = 0, before = 0; i < GATHER_TIMES && queued() >= GATHER_ABOVE && queued() > before; i++) {
      before = queued();
      await new Promise((resolve) => setTimeout(resolve, GATHER_FOR));
    }
  }

  /** A removal that is refused is not undone: the nameserver is asked again until it has dropped the zone. */
  async #apply(changes: readonly ZoneChange[], by: 'apply' | 'synchronize' = 'apply'): Promise<Applied[]> {
    try {
      const applied = await this.#nameserver[by](changes);
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

  /** Confirms, rolls back or keeps as due, by outcome. Returns the zones that were rolled back. */
  async #settle(changes: readonly ZoneChange[], applied: readonly Applied[]): Promise<ZoneName[]> {
    const served: ZoneVersion[] = [];
    const refused: (ZoneVersion & { why?: string })[] = [];
    for (const [i, change] of changes.entries()) {
      const { outcome, reason } = applied[i] ?? {};
      if (outcome === 'unavailable') this.#due.add(change.name);
      else this.#due.delete(change.name);
      if (change.kind === 'upsert' && outcome === 'served') served.push(change);
      if (change.kind === 'upsert' && outcome === 'refused') refused.push({ ...change, why: reason ?? '' });
    }
    await this.#store.confirm(served);
    const back = refused.length > 0 ? await this.#putBack(refused) : [];
    if (this.#due.size > 0) this.#retryLater();
    return back;
  }

  async #putBack(refused: readonly (ZoneVersion & { why?: string })[]): Promise<ZoneName[]> {
    const names = refused.map(({ name }) => name);
    this.#log.warn({ zones: names.slice(0, 20), count: names.length }, 'the nameserver refused zones');
    try {
      const back = await this.#store.rollback(refused);
      // Of a zone whose text before is not here, the nameserver keeps what it has.
      const known = back.filter((name) => !this.#store.edits.isBroken(name) || this.#store.get(name) === undefined);
      const applied = await this.#apply(known.map((name) => this.#loadNow(name)));
      for (const { name, outcome } of applied) if (outcome !== 'served') this.#due.add(name);
      return back;
    } catch (error) {
      // The disk refused it: the nameserver is asked, refuses and it is put back, when there is room.
      for (const name of names) this.#due.add(name);
      this.#log.error({ error: sentenceOf(error) }, 'zones that the nameserver refused could not be put back');
      return [];
    }
  }

  /** What makes the nameserver follow this zone as it stands. */
  #loadNow(name: ZoneName): ZoneChange {
    const entry = this.#store.get(name);
    if (entry === undefined) return { kind: 'remove', name };
    return { kind: 'upsert', name, file: this.#store.fileOf(name), serial: entry.serial, isNew: false };
  }

  async #synchronize(): Promise<ZoneName[]> {
    const changes = [...this.#store.entries()].map(({ name }) => this.#loadNow(name));
    const applied = await this.#apply(changes, 'synchronize');
    this.#everythingDue = applied.length > 0 && applied.every(({ outcome }) => outcome === 'unavailable');
    if (!this.#everythingDue) return this.#settle(changes, applied);
    this.#retryLater();
    return [];
  }

  #retryLater(): void {
    if (this.#timer !== undefined || this.#stopped) return;
    const delay = RETRY[Math.min(this.#tries++, RETRY.length - 1)];
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#inTurn(() => this.#retry());
    }, delay);
    this.#timer.unref();
  }

  /** In the queue's turn, so that it never overtakes a newer change of the same zone. */
  async #retry(): Promise<void> {
    const changes = [...this.#due].map((name) => this.#loadNow(name));
    const back = this.#everythingDue
      ? await this.#synchronize()
      : await this.#settle(changes, await this.#apply(changes));
    if (back.length > 0) this.#rolledBack(back);
    if (this.#due.size > 0 || this.#everythingDue || this.#tries === 0) return;
    this.#tries = 0;
    this.#log.info('the nameserver serves everything again');
  }
}
