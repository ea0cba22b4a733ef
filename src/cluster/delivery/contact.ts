import { CutOff, failureOf, type MemberBackend, type MemberInfo } from '../../members/member-backend.js';
import { within } from '../../members/within.js';
import type { ZoneName } from '../../zones/zone-name.js';
import { nextHealth, type Health, type HealthEvent } from '../health/failure-threshold.js';
import { NameserverProbe } from '../health/nameserver-probe.js';
import { RetryProbe } from '../health/retry-probe.js';
import { Latency } from '../health/figures.js';
import { healthOf } from './member-record.js';
import type { MemberWorkerOptions, Question } from './worker-options.js';

/** The calls to one member, counted by the failure threshold, and so how it does. */
export class Contact {
  readonly latency = new Latency();
  readonly nameserver: NameserverProbe;
  /** What it said of itself at the last probe. */
  info: MemberInfo | undefined;
  /** Zones that it took from us and did not count as its own at the last probe. */
  lost = 0;
  readonly #options: MemberWorkerOptions;
  readonly #ending: AbortSignal;
  readonly #healthChanged: (before: Health) => void;
  readonly #return: RetryProbe;
  #health: Health;

  /** `healthChanged` is told after each event what the health was before. */
  constructor(options: MemberWorkerOptions, ending: AbortSignal, healthChanged: (before: Health) => void) {
    const { record, ledger, dns, log } = options;
    this.#options = options;
    this.#ending = ending;
    this.#healthChanged = healthChanged;
    this.#health = healthOf(record.member);
    this.#return = new RetryProbe(() => this.probeUncounted(), ending, log);
    const zoneThere = (): ZoneName | undefined => {
      const [first] = ledger.entries();
      return first?.[0] as ZoneName | undefined;
    };
    this.nameserver = new NameserverProbe(dns, zoneThere, ending);
  }

  get health(): Health {
    return this.#health;
  }

  /** Counts an event. */
  record(event: HealthEvent): void {
    // Stopping cuts calls off: that says nothing of the member.
    if (this.#ending.aborted) return;
    const { record } = this.#options;
    const before = this.#health;
    this.#health = nextHealth(before, event, record.threshold);
    record.recordHealth(this.#health, before);
    this.#healthChanged(before);
  }

  /** Counts what an administrator decided; on disk when it resolves. */
  administer(event: HealthEvent): Promise<void> {
    this.record(event);
    return this.#options.record.written;
  }

  /**
   * The health checker's active probe: the version call, counted by the failure threshold, and a question to its
   * nameserver, which is not: a member whose nameserver is silent can still take changes, and would be wrong when it is
   * back without them.
   */
  async probe(): Promise<void> {
    await Promise.all([this.#counted(() => this.probeUncounted()).catch(() => undefined), this.nameserver.probe()]);
  }

  /** Nothing is counted: for one that is disabled. */
  probeUncounted(): Promise<MemberInfo> {
    const taken = this.#options.ledger.size;
    return this.latency.measure(async () => {
      this.info = await this.#options.backend.probe({ signal: this.#ending });
      this.lost = Math.max(0, taken - (this.info.zones ?? taken));
      return this.info;
    });
  }

  /** Asks it something while somebody waits, until `signal`; counted as any command is. Rejects with MemberError. */
  ask<T>(question: Question<T>, timeout: number, signal?: AbortSignal): Promise<T> {
    const { backend, record } = this.#options;
    const call = (cut: AbortSignal): Promise<T> => question(backend, { signal: cut });
    return this.#counted(() => within(timeout, record.member.hostname, call, this.#ending, signal));
  }

  /** Talks to it for as long as it takes. Nothing is counted: whoever does has something else to say of its failure. */
  using<T>(talk: (backend: MemberBackend) => Promise<T>): Promise<T> {
    return talk(this.#options.backend);
  }

  /** A push came through. */
  pushed(): void {
    this.#succeeded();
    this.#return.pushed();
  }

  /** Of several pushes that fail together one counts: the threshold is meant for one after the other. */
  pushFailed(error: unknown): void {
    if (this.#health.state === 'online') this.#failed(error);
  }

  /** Probes a member that failed, after a while, whether it answers again. */
  async awaitReturn(): Promise<void> {
    if (await this.#return.next()) this.#succeeded();
  }

  /** Rejects as the call does. */
  async #counted<T>(call: () => Promise<T>): Promise<T> {
    try {
      const answer = await call();
      this.#succeeded();
      return answer;
    } catch (error) {
      if (!(error instanceof CutOff)) this.#failed(error);
      throw error;
    }
  }

  #succeeded(): void {
    this.record({ kind: 'success', at: Date.now() });
  }

  #failed(error: unknown): void {
    this.record({ kind: 'failure', why: failureOf(error) });
  }
}
