import type { DnsServer } from '../../dns/messages/query.js';
import { sentenceOf } from '../../errors.js';
import {
  BrokenOff,
  CutOff,
  failureOf,
  MemberError,
  type MemberBackend,
  type MemberChange,
  type MemberInfo,
  type Pushed,
} from '../../members/member-backend.js';
import type { ZoneName } from '../../zones/zone-name.js';
import { nextHealth, type Health, type HealthEvent } from '../health/failure-threshold.js';
import { stateAtMember, type StateAtMember } from './state-at-member.js';
import { Acknowledgements } from './acknowledgements.js';
import { Backlog } from './backlog.js';
import { BatchSize, Lanes } from './lanes.js';
import { Latency, PushFigures } from './figures.js';
import type { MemberWorkerOptions, Question } from './worker-options.js';
import { NameserverProbe } from '../health/nameserver-probe.js';
import { PushOutcomes } from './push-outcomes.js';
import { pushWhileAlive } from './push-while-alive.js';
import { ReturnProbe } from '../health/return-probe.js';
import { Signal, Waiters } from './waking.js';
import { within } from '../../members/within.js';

const BATCH_OCTETS = 8 * 1024 * 1024;

/** Keeps one member equal to the index: sends what it lacks, notes what it acknowledged, sees what it serves. One a member, so that none delays another. */
export class MemberWorker {
  readonly #options: MemberWorkerOptions;
  readonly backlog: Backlog;
  readonly latency = new Latency();
  readonly pushes = new PushFigures();
  /** Where its nameserver answers; undefined where that is not known. */
  readonly dns: DnsServer | undefined;
  readonly nameserver: NameserverProbe;
  readonly acknowledged: Acknowledgements;
  readonly outcomes: PushOutcomes;
  readonly #signal = new Signal();
  readonly #waiters = new Waiters();
  #health: Health;
  /** What it said of itself when it was looked at last. */
  info: MemberInfo | undefined;
  /** So many zones fewer than it took from us it said that it holds, when it was looked at last. */
  lost = 0;
  /** Are removals held, and was that told? */
  #isHeld = false;
  readonly #batch: BatchSize;
  readonly #ending = new AbortController();
  readonly #lanes = new Lanes(() => this.#signal.notify());
  readonly #return: ReturnProbe;
  #loop: Promise<void> | undefined;

  constructor(options: MemberWorkerOptions) {
    this.#options = options;
    this.#health = options.health;
    this.dns = options.dns;
    this.backlog = new Backlog(options);
    const held = (): ZoneName | undefined => {
      const [first] = options.ledger.entries();
      return first?.[0] as ZoneName | undefined;
    };
    this.nameserver = new NameserverProbe(options.dns, held, this.#ending.signal);
    this.acknowledged = new Acknowledgements({
      ...options,
      ownSerials: options.backend.ownSerials === true,
      news: (name) => this.#waiters.tell(name),
    });
    this.#batch = new BatchSize(() => options.backend.batch);
    this.#return = new ReturnProbe(() => this.look(), this.#ending.signal, options.log);
    this.outcomes = new PushOutcomes(options, this.backlog, this.acknowledged);
  }

  get health(): Health {
    return this.#health;
  }

  async start(): Promise<void> {
    await this.backlog.compareAll();
    if (this.#stopped) return;
    this.acknowledged.start();
    this.#loop ??= this.#run();
  }

  get #stopped(): boolean {
    return this.#ending.signal.aborted;
  }

  async stop(): Promise<void> {
    this.#ending.abort(new CutOff());
    this.#signal.notify();
    this.#waiters.tellAll();
    await Promise.all([this.#options.backend.close(), this.acknowledged.stop()]);
    await this.#loop;
    await this.#options.ledger.close();
  }

  /** These zones changed here. */
  changed(names: readonly ZoneName[]): void {
    for (const name of names) {
      this.backlog.compare(name);
      this.acknowledged.changed(name);
    }
    this.#signal.notify();
  }

  /** Role, clustering or threshold changed: look again at what may be done. */
  reconsider(): void {
    this.#signal.notify();
    this.#waiters.tellAll();
  }

  /** Counts an event of the health checker or an administrator. */
  note(event: HealthEvent): void {
    // Stopping cuts calls off: that says nothing of the member.
    if (this.#stopped) return;
    const before = this.#health;
    this.#health = nextHealth(before, event, this.#options.threshold());
    this.#options.healthChanged(this.#health, before);
    if (this.#health.state !== before.state) this.#signal.notify();
    if (this.#health.state !== 'online') this.#waiters.tellAll();
  }

  /**
   * The health checker's active probe: the version call, counted by the failure threshold, and a question to its nameserver, which is
   * not: a member whose nameserver is silent can still take changes, and would be wrong when it is back without them.
   */
  async probe(): Promise<void> {
    await Promise.all([this.#counted(() => this.look()).catch(() => undefined), this.nameserver.look()]);
  }

  /** Nothing is counted: for one that is disabled. */
  look(): Promise<MemberInfo> {
    const taken = this.#options.ledger.size;
    return this.latency.measure(async () => {
      this.info = await this.#options.backend.probe({ signal: this.#ending.signal });
      this.lost = Math.max(0, taken - (this.info.zones ?? taken));
      return this.info;
    });
  }

  /** Asks it something while somebody waits, until `signal`; counted as any command is. Rejects with MemberError. */
  ask<T>(question: Question<T>, timeout: number, signal?: AbortSignal): Promise<T> {
    const { backend, hostname } = this.#options;
    const call = (cut: AbortSignal): Promise<T> => question(backend, { signal: cut });
    return this.#counted(() => within(timeout, hostname, call, this.#ending.signal, signal));
  }

  /** Rejects as the call does. */
  async #counted<T>(call: () => Promise<T>): Promise<T> {
    try {
      const answer = await call();
      this.note({ kind: 'success', at: Date.now() });
      return answer;
    } catch (error) {
      if (!(error instanceof CutOff)) this.#failed(error);
      throw error;
    }
  }

  #failed(error: unknown): void {
    this.note({ kind: 'failure', why: failureOf(error) });
  }

  /** Talks to it for as long as it takes. Nothing is counted: whoever does has something else to say of its failure. */
  using<T>(talk: (backend: MemberBackend) => Promise<T>): Promise<T> {
    return talk(this.#options.backend);
  }

  /** It gives zones serials of its own: DNS tells nothing of their versions. */
  get ownSerials(): boolean {
    return this.#options.backend.ownSerials === true;
  }

  /** It has a zone that was removed here, whatever it acknowledged. */
  removeAgain(name: ZoneName): void {
    this.#options.ledger.set(name, { digest: '', serial: 0, servedAt: 0 });
    this.backlog.compare(name);
    this.#signal.notify();
  }

  /** Sends these zones again, whatever it acknowledged. Resolves with how many it is to hold. */
  resend(names: readonly ZoneName[]): number {
    let count = 0;
    for (const name of names) {
      const held = this.#options.ledger.get(name);
      // A digest of nothing: it differs from every version, and the zone is still known to be there from us.
      if (held !== undefined) this.#options.ledger.set(name, { ...held, digest: '', servedAt: 0 });
      this.backlog.compare(name);
      if (this.backlog.has(name)) count++;
    }
    this.#signal.notify();
    return count;
  }

  /** How far this zone is; undefined where the member does not hold it and is not to. */
  stateOf(name: ZoneName): StateAtMember | undefined {
    return stateAtMember(name, this);
  }

  /** Somebody has looked at the removals that are held. */
  allowRemovals(): void {
    this.backlog.allowRemovals();
    this.#signal.notify();
  }

  /** Resolves when this zone is served there, was refused, cannot get there now, or at `signal`. */
  async settled(name: ZoneName, signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !this.#stopped && this.#isOnTheWay(name)) {
      await this.#waiters.news(name, signal);
    }
  }

  #isOnTheWay(name: ZoneName): boolean {
    if (this.#health.state !== 'online' || !this.#options.writes()) return false;
    const state = this.stateOf(name)?.state;
    if (state === 'pending') return !this.backlog.isHeld(name);
    return state === 'acknowledged' && !this.acknowledged.isSettled(name);
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      this.#tellHeld();
      const mayPush = this.#options.writes() && this.#health.state !== 'disabled';
      if (!mayPush || this.#lanes.size >= this.#batch.lanes) await this.#signal.wait();
      else if (this.backlog.ready === 0) await this.#signal.wait(this.backlog.untilRetry());
      else if (this.#health.state === 'failing') await this.#lookForReturn();
      else this.#lanes.start(() => this.#lane());
    }
    await this.#lanes.ended();
  }

  /** Once for each time that removals are held. */
  #tellHeld(): void {
    const isHeld = this.backlog.heldCount > 0;
    if (isHeld && !this.#isHeld) this.#options.removalsHeld();
    if (isHeld !== this.#isHeld) this.#waiters.tellAll();
    this.#isHeld = isHeld;
  }

  async #lookForReturn(): Promise<void> {
    if (await this.#return.look()) this.note({ kind: 'success', at: Date.now() });
  }

  async #lane(): Promise<void> {
    while (!this.#stopped && this.#health.state === 'online' && this.#options.writes()) {
      const changes = await this.backlog.take(this.#batch.zones, BATCH_OCTETS);
      if (changes.length === 0) return;
      const due = changes.filter((change) => !this.#cameFrom(change));
      if (due.length > 0) await this.#push(due);
    }
  }

  /** Notes a change that came here by this member: it has it, and may have a later one by now. */
  #cameFrom(change: MemberChange): boolean {
    if (change.hostsSeen?.includes(this.#options.hostname) !== true) return false;
    this.acknowledged.cameFrom(change);
    this.backlog.giveBack([change]);
    this.#waiters.tell(change.name);
    return true;
  }

  async #push(changes: readonly MemberChange[]): Promise<void> {
    const { backend, log } = this.#options;
    const { isLeast } = this.#batch;
    // Of several calls that fail together one counts: the threshold is meant for one after the other.
    const failed = (error: unknown): void => (this.#health.state === 'online' ? this.#failed(error) : undefined);
    try {
      const push = (): Promise<Pushed[]> =>
        pushWhileAlive(backend, changes, { silent: failed, signal: this.#ending.signal });
      const outcomes = await this.pushes.measure(changes.length, push);
      this.note({ kind: 'success', at: Date.now() });
      this.#return.pushed();
      this.#batch.succeeded();
      await Promise.all(changes.flatMap((change, i) => this.outcomes.settle(change, outcomes[i]) ?? []));
    } catch (error) {
      if (this.#stopped) return;
      // The zones stay in the backlog: they go again when the member answers.
      const reason = sentenceOf(error);
      if (!(error instanceof MemberError)) log.error({ error: reason }, 'push failed');
      failed(error);
      // It answers probes, and fails at this zone alone, again: the others must get past it.
      if (isLeast && !(error instanceof BrokenOff)) {
        for (const change of changes) this.outcomes.setAside(change, reason);
        // Nothing else may be due that would show that it answers.
        await this.#lookForReturn();
      }
      this.#batch.failed(changes.length);
    } finally {
      this.backlog.giveBack(changes);
      for (const change of changes) this.#waiters.tell(change.name);
    }
  }
}
