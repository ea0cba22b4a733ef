import type { DnsServer } from '../../dns/messages/query.js';
import { sentenceOf } from '../../errors.js';
import { BrokenOff, CutOff, MemberError, type MemberChange, type Pushed } from '../../members/member-backend.js';
import { inSlices } from '../../operations/in-slices.js';
import type { ZoneName } from '../../zones/zone-name.js';
import type { Health } from '../health/failure-threshold.js';
import type { Member } from '../model/member.js';
import { Acknowledgements, type StateAtMember } from './acknowledgements.js';
import { Backlog } from './backlog.js';
import { Contact } from './contact.js';
import { BatchSize, SendLoops } from './send-loops.js';
import { PushFigures } from '../health/figures.js';
import type { MemberWorkerOptions } from './worker-options.js';
import { PushOutcomes } from './push-outcomes.js';
import { RefusedLooks } from './refused-looks.js';
import { pushWhileAlive } from './push-while-alive.js';
import { Signal, Waiters } from './waking.js';

const BATCH_OCTETS = 8 * 1024 * 1024;

/** A member of the table with its worker. */
export interface RunningMember {
  member: Member;
  worker: MemberWorker;
}

/**
 * Keeps one member equal to the index: sends what it lacks, records what it acknowledged, checks what it serves. One a
 * member, so that none delays another.
 */
export class MemberWorker {
  readonly #options: MemberWorkerOptions;
  readonly contact: Contact;
  readonly backlog: Backlog;
  readonly pushes = new PushFigures();
  readonly acknowledged: Acknowledgements;
  readonly outcomes: PushOutcomes;
  readonly #looks: RefusedLooks;
  readonly #signal = new Signal();
  readonly #waiters = new Waiters();
  /** Are removals held, and was that told? */
  #isHeldBack = false;
  readonly #batch: BatchSize;
  readonly #ending = new AbortController();
  readonly #loops = new SendLoops(() => this.#signal.notify());
  #loop: Promise<void> | undefined;

  constructor(options: MemberWorkerOptions) {
    this.#options = options;
    this.contact = new Contact(options, this.#ending.signal, (before) => this.#healthChanged(before));
    this.backlog = new Backlog(options);
    this.acknowledged = new Acknowledgements(options, (name) => this.#waiters.tell(name));
    this.#batch = new BatchSize(() => options.backend.batch);
    this.outcomes = new PushOutcomes(options, this.backlog, this.acknowledged);
    this.#looks = new RefusedLooks(options, this, () => this.#signal.notify());
  }

  /** Where its nameserver answers; undefined where that is not known. */
  get dns(): DnsServer | undefined {
    return this.#options.dns;
  }

  async start(): Promise<void> {
    await this.backlog.compareAll();
    if (this.#stopped) return;
    this.acknowledged.start();
    this.#looks.start();
    this.#loop ??= this.#run();
  }

  get #stopped(): boolean {
    return this.#ending.signal.aborted;
  }

  async stop(): Promise<void> {
    this.#ending.abort(new CutOff());
    this.#signal.notify();
    this.#waiters.tellAll();
    await Promise.all([this.#options.backend.close(), this.acknowledged.stop(), this.#looks.stop()]);
    await this.#loop;
    await this.#options.ledger.close();
  }

  /** These zones changed here. */
  zonesChanged(names: readonly ZoneName[]): void {
    for (const name of names) {
      this.backlog.compare(name);
      this.acknowledged.zoneChanged(name);
    }
    this.#signal.notify();
  }

  /** Role, clustering or threshold changed: decide again what may be done. */
  reconsider(): void {
    this.#signal.notify();
    this.#waiters.tellAll();
  }

  #healthChanged(before: Health): void {
    const { state } = this.contact.health;
    if (state !== before.state) this.#signal.notify();
    if (state !== 'online') this.#waiters.tellAll();
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
    const aside = this.backlog.reasonAside(name);
    if (aside !== undefined) return { state: 'failed', reason: aside };
    if (!this.backlog.has(name)) return this.acknowledged.stateOf(name);
    const { state, lastFailure } = this.contact.health;
    if (state === 'disabled') return { state, reason: lastFailure?.sentence ?? 'The member is disabled.' };
    if (state === 'failing')
      return { state: 'pending', reason: lastFailure?.sentence ?? 'The member does not answer.' };
    const reason = this.backlog.isHeldBack(name)
      ? 'Its removal is held: more than 30 % of the zones there would go. Allow it on the page of the member.'
      : 'Waiting to be sent.';
    return { state: 'pending', reason };
  }

  /** A person allowed the removals that are held back. */
  allowRemovals(): void {
    this.backlog.allowRemovals();
    this.#signal.notify();
  }

  /** Resolves when this zone is served there, was refused, cannot get there now, or at `signal`. */
  async finished(name: ZoneName, signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !this.#stopped && this.#isOnTheWay(name)) {
      await this.#waiters.news(name, signal);
    }
  }

  #isOnTheWay(name: ZoneName): boolean {
    if (this.contact.health.state !== 'online' || !this.#options.record.writes) return false;
    const state = this.stateOf(name)?.state;
    if (state === 'pending') return !this.backlog.isHeldBack(name);
    return state === 'acknowledged' && !this.acknowledged.isFinal(name);
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      this.#tellHeldBack();
      const mayPush = this.#options.record.writes && this.contact.health.state !== 'disabled';
      if (!mayPush || this.#loops.size >= this.#batch.loops) await this.#signal.wait();
      else if (this.backlog.ready === 0) await this.#signal.wait(this.backlog.untilRetry());
      else if (this.contact.health.state === 'failing') await this.contact.awaitReturn();
      else this.#loops.start(() => this.#sendLoop());
    }
    await this.#loops.ended();
  }

  /** Once for each time that removals are held. */
  #tellHeldBack(): void {
    const isHeldBack = this.backlog.heldBackCount > 0;
    if (isHeldBack && !this.#isHeldBack) this.#options.events.emit('changed');
    if (isHeldBack !== this.#isHeldBack) this.#waiters.tellAll();
    this.#isHeldBack = isHeldBack;
  }

  async #sendLoop(): Promise<void> {
    while (!this.#stopped && this.contact.health.state === 'online' && this.#options.record.writes) {
      const changes = await this.backlog.take(this.#batch.zones, BATCH_OCTETS);
      if (changes.length === 0) return;
      const due = changes.filter((change) => !this.#cameFrom(change));
      if (due.length > 0) await this.#push(due);
    }
  }

  /** Notes a change that came here by this member: it has it, and may have a later one by now. */
  #cameFrom(change: MemberChange): boolean {
    if (change.hostsSeen?.includes(this.#options.record.member.hostname) !== true) return false;
    this.acknowledged.cameFrom(change);
    this.backlog.giveBack(change);
    this.#waiters.tell(change.name);
    return true;
  }

  async #push(changes: readonly MemberChange[]): Promise<void> {
    const { backend, log } = this.#options;
    const { isLeast } = this.#batch;
    const silent = (error: unknown): void => this.contact.pushFailed(error);
    try {
      const push = (): Promise<Pushed[]> => pushWhileAlive(backend, changes, { silent, signal: this.#ending.signal });
      const outcomes = await this.pushes.measure(changes.length, push);
      this.contact.pushed();
      this.#batch.succeeded();
      await this.outcomes.apply(changes, outcomes);
    } catch (error) {
      if (this.#stopped) return;
      // The zones stay in the backlog: they go again when the member answers.
      const reason = sentenceOf(error);
      if (!(error instanceof MemberError)) log.error({ error: reason }, 'push failed');
      this.contact.pushFailed(error);
      // It answers probes, and fails at this zone alone, again: the others must get past it.
      if (isLeast && !(error instanceof BrokenOff)) {
        for (const change of changes) this.outcomes.setAside(change, reason);
        // Nothing else may be due that would show that it answers.
        await this.contact.awaitReturn();
      }
      this.#batch.failed(changes.length);
    } finally {
      await inSlices(changes, (change) => {
        this.backlog.giveBack(change);
        this.#waiters.tell(change.name);
      });
    }
  }
}
