import { isDeepStrictEqual } from 'node:util';
import { ClusterError, sentenceOf } from '../../errors.js';
import type { Applied, Nameserver, ZoneChange } from '../../nameservers/nameserver.js';
import { defined } from '../../operations/defined.js';
import { inSlices } from '../../operations/in-slices.js';
import type { Log } from '../../operations/log.js';
import type { ZoneName } from '../../zones/zone-name.js';
import type { ZoneStore } from '../../zones/zone-store.js';
import { decide, type EndedVersion, type LocalChange } from './decision.js';
import type { Decision, LocalOutcome } from './publishing.js';
import { LocalNameserver, type LocalOptions } from './local-nameserver.js';
import type { PermittedNames } from './permitted-names.js';

interface Waiting {
  name: ZoneName;
  change: LocalChange;
  resolve: (outcome: LocalOutcome) => void;
  reject: (error: unknown) => void;
}

interface Decided extends Waiting {
  decision: Decision;
  ended: EndedVersion | undefined;
}

/** A write that is on disk and on its way through the nameserver. */
interface Written extends Decided {
  outcome: LocalOutcome;
  load: ZoneChange;
}

/** So many changes share one write to disk, and not much more than so many octets. */
const BATCH = 512;
const BATCH_OCTETS = 32 * 1024 * 1024;
const MOST_WAITING = 100_000;

const NOT_LOADED: LocalOutcome['local'] = { state: 'pending', reason: 'The nameserver has not loaded it yet.' };

/**
 * The way of a change on this server (DESIGN: validate, write, load, read back, or roll back). Requests that come
 * together share one write to disk and one call of the nameserver; requests for one zone go one after the other.
 */
export class LocalZones {
  readonly #store: ZoneStore;
  readonly #names: PermittedNames;
  readonly #nameserver: LocalNameserver;
  readonly #log: Log;
  #waiting: Waiting[] = [];
  readonly #busy = new Set<ZoneName>();
  readonly #open = new Set<Promise<LocalOutcome>>();
  readonly #zonesChanged: LocalOptions['zonesChanged'];
  #writing = false;
  #stopped = false;

  constructor(options: LocalOptions & { names: PermittedNames }) {
    this.#store = options.store;
    this.#names = options.names;
    this.#log = options.log;
    this.#zonesChanged = options.zonesChanged;
    this.#nameserver = new LocalNameserver(options);
  }

  /** Makes the nameserver serve what the store holds. */
  start(): Promise<void> {
    return this.#nameserver.start();
  }

  /** Takes no more changes, and ends when those in hand are through. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.allSettled(this.#open);
    await this.#nameserver.stop();
  }

  /** Loads these zones into the nameserver again; what it cannot load now stays due. */
  reload(names: Iterable<ZoneName>): Promise<void> {
    return this.#nameserver.reload(names);
  }

  /** Asks the nameserver for something of its own, beside what it is given of the store. */
  beside<T>(work: (nameserver: Nameserver) => Promise<T>): Promise<T> {
    return this.#stopped ? Promise.reject(new ClusterError('stopping')) : this.#nameserver.beside(work);
  }

  /** Throws what the change would be refused for, if it were made now. */
  demand(change: LocalChange): void {
    decide(change, this.#store, this.#names);
  }

  /**
   * Rejects with zone_exists, zone_unknown, zone_not_yours, zone_refused, zone_file_refused or zones_not_written, and
   * nothing has changed.
   */
  change(change: LocalChange): Promise<LocalOutcome> {
    if (this.#stopped) return Promise.reject(new ClusterError('stopping'));
    if (this.#waiting.length >= MOST_WAITING) return Promise.reject(new ClusterError('busy'));
    const name = change.kind === 'save' ? change.valid.name : change.name;
    const promise = new Promise<LocalOutcome>((resolve, reject) => {
      this.#waiting.push({ name, change, resolve, reject });
      this.#writeSoon();
    });
    const close = (): boolean => this.#open.delete(promise);
    this.#open.add(promise);
    promise.then(close, close);
    return promise;
  }

  /** Deferred, so that all requests of one turn of the event loop share a write. */
  #writeSoon(): void {
    if (this.#writing || this.#waiting.length === 0) return;
    this.#writing = true;
    setImmediate(() => void this.#writeWaiting());
  }

  async #writeWaiting(): Promise<void> {
    for (;;) {
      const batch = this.#takeBatch();
      if (batch.length === 0) break;
      const written = await this.#write(batch);
      // Loading goes on beside the next write; a zone stays busy until it is through.
      for (const change of written) void this.#load(change);
    }
    this.#writing = false;
  }

  /** The first waiting requests whose zones are free, one a zone, in their order. */
  #takeBatch(): Waiting[] {
    const batch: Waiting[] = [];
    const blocked = new Set<ZoneName>();
    let octets = 0;
    for (const waiting of this.#waiting) {
      if (batch.length >= BATCH || octets >= BATCH_OCTETS) break;
      if (this.#busy.has(waiting.name) || blocked.has(waiting.name)) blocked.add(waiting.name);
      else {
        batch.push(waiting);
        octets += waiting.change.kind === 'save' ? waiting.change.valid.text.length : 0;
        this.#busy.add(waiting.name);
      }
    }
    const taken = new Set(batch);
    if (taken.size > 0) this.#waiting = this.#waiting.filter((waiting) => !taken.has(waiting));
    return batch;
  }

  /** Decides and writes a batch; returns what the nameserver must follow. All else is answered. */
  async #write(batch: readonly Waiting[]): Promise<Written[]> {
    const saves: Decided[] = [];
    const removals = new Map<string, Decided[]>();
    const given = new Map<string, Decided[]>();
    await inSlices(batch, (waiting) => {
      try {
        const decision = decide(waiting.change, this.#store, this.#names);
        const decided = { ...waiting, decision, ended: this.#endedBy(waiting, decision) };
        if (decision.owner !== undefined) given.set(decision.owner, [...(given.get(decision.owner) ?? []), decided]);
        else if (waiting.change.kind !== 'remove') saves.push(decided);
        else removals.set(waiting.change.by.user, [...(removals.get(waiting.change.by.user) ?? []), decided]);
      } catch (error) {
        this.#finish(waiting, () => waiting.reject(error));
      }
    });
    // Each commit stands or fails by itself: what one wrote is loaded whatever becomes of the others.
    const written = await this.#commit(saves, () => this.#store.write(this.#textsToWrite(saves)));
    for (const [by, group] of removals) {
      // Before they are gone: their texts are nowhere else then.
      await Promise.all(group.map(keepEnded));
      const removals = group.map(({ name, decision: { removedFor: home, outcome } }) => {
        return { name, home, isKept: outcome.isKept };
      });
      written.push(...(await this.#commit(group, () => this.#store.remove(removals, by))));
    }
    for (const [owner, group] of given) {
      const names = group.map(({ name }) => name);
      await this.#commit(group, () => this.#store.setOwner(names, owner));
      this.#zonesChanged(names);
    }
    return written;
  }

  /** What is held now, in the zone's turn: what was held when the request came may have been replaced since. */
  #endedBy({ name, change: { keep } }: Waiting, { outcome, owner: newOwner }: Decision): EndedVersion | undefined {
    const { serial: newSerial } = outcome;
    const change = newOwner === undefined ? outcome.change : 'given';
    if (keep === undefined || change === 'created' || change === 'unchanged') return undefined;
    const held = this.#store.get(name);
    const text = this.#store.read(name);
    if (held === undefined || text === undefined) return undefined;
    const { serial, owner } = held;
    return { change, serial, owner, text, ...defined({ newSerial, newOwner }) };
  }

  async #commit(group: readonly Decided[], write: () => Promise<void>): Promise<Written[]> {
    try {
      await write();
    } catch (error) {
      this.#log.error({ error: sentenceOf(error) }, 'changes could not be written');
      for (const waiting of group) this.#finish(waiting, () => waiting.reject(error));
      return [];
    }
    const written: Written[] = [];
    for (const waiting of group) {
      const { outcome, load } = waiting.decision;
      if (load !== undefined) written.push({ ...waiting, outcome, load });
      else {
        const isDue = this.#nameserver.isDue(waiting.name);
        this.#finish(waiting, () => {
          void keepEnded(waiting);
          waiting.resolve(isDue ? { ...outcome, local: NOT_LOADED } : outcome);
        });
      }
    }
    return written;
  }

  #textsToWrite(saves: readonly Decided[]): NonNullable<Decision['write']>[] {
    return saves.flatMap(({ name, decision: { write, load } }) => {
      // The same records in another spelling are kept as given; the same text is not written again.
      const home = this.#store.get(name)?.home;
      const isHome = isDeepStrictEqual({ ...home, given: 0 }, { ...write?.home, given: 0 });
      const isHeld =
        load === undefined &&
        isHome &&
        this.#store.edits.version(name)?.equals(write?.valid.text ?? Buffer.of()) === true;
      return write === undefined || isHeld ? [] : [write];
    });
  }

  async #load(change: Written): Promise<void> {
    const applied = await this.#nameserver.load(change.load);
    if (applied.outcome !== 'refused') this.#zonesChanged([change.name]);
    this.#finish(change, () => {
      if (applied.outcome === 'refused') {
        // Of a file that was changed by hand there is no version before to put back.
        const code = this.#store.edits.isBroken(change.name) ? 'zone_file_refused' : 'zone_refused';
        change.reject(new ClusterError(code, { zone: change.name, why: applied.reason ?? '' }));
        return;
      }
      if (change.outcome.change !== 'removed') void keepEnded(change);
      change.resolve({ ...change.outcome, local: localState(applied) });
    });
  }

  #finish(waiting: Waiting, answer: () => void): void {
    this.#busy.delete(waiting.name);
    answer();
    this.#writeSoon();
  }
}

async function keepEnded({ change, ended }: Decided): Promise<void> {
  if (ended !== undefined) await change.keep?.(ended);
}

function localState({ outcome, reason }: Applied): LocalOutcome['local'] {
  if (outcome === 'served') return { state: 'served' };
  return { state: 'pending', reason: reason ?? 'the nameserver could not be asked' };
}
