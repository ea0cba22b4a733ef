import { SELF, type Principal } from '../../access/principal.js';
import { ClusterError, sentenceOf } from '../../errors.js';
import { nextSerial } from '../../dns/serial.js';
import { defined } from '../../operations/defined.js';
import type { Log } from '../../operations/log.js';
import { CutOff } from '../../members/member-backend.js';
import type { KeptVersion } from '../../wire-format/outcome-lines.js';
import type { ZoneName } from '../../zones/zone-name.js';
import type { ZoneStore } from '../../zones/zone-store.js';
import { inBatch } from '../changes/batch.js';
import { checkDrift } from './compare-member.js';
import {
  MOST_DIFFERENCES,
  reportOf,
  type Difference,
  type DriftReport,
  type Resolution,
} from '../model/drift-kinds.js';
import type { LocalOutcome } from '../local/publishing.js';
import type { ZoneVersions } from '../local/zone-versions.js';
import type { ClusterEvents } from '../model/cluster-events.js';
import { batchTarget, type Audit, authorize } from '../model/audit.js';
import { mayUse, ROLES, type Member } from '../model/member.js';
import type { Delivery } from '../delivery/delivery.js';
import type { RunningMember } from '../delivery/member-worker.js';
import type { ZoneChanges } from '../changes/zone-changes.js';
import type { BatchOutcome } from '../model/results.js';

/** Longest check of one member, milliseconds. */
const LONGEST = 30 * 60_000;
const TAKE_TIMEOUT = 60_000;

interface DriftChecksOptions {
  store: ZoneStore;
  workers: Delivery;
  changes: ZoneChanges;
  versions: ZoneVersions;
  log: Log;
  audit: Audit;
  events: ClusterEvents;
}

/**
 * Checks all members for differences from what they should hold and answer, keeps them, and resolves them on request.
 */
export class DriftChecks {
  readonly #options: DriftChecksOptions;
  readonly #reports = new Map<string, DriftReport>();
  readonly #running = new Map<string, Promise<DriftReport>>();
  /** Where the next check goes on with whole zones. */
  readonly #next = new Map<string, ZoneName | undefined>();
  /** How many zones members lacked when they were last checked for that. */
  readonly #lost = new Map<string, number>();
  readonly #ending = new AbortController();

  constructor(options: DriftChecksOptions) {
    this.#options = options;
    options.events.on('setBack', (...met) => this.#recordSetBack(...met));
  }

  /** What was found last, of the members that `by` may see. */
  reports(by: Principal): DriftReport[] {
    authorize(by);
    return this.#writers(by).flatMap(({ member }) => this.#reports.get(member.id) ?? []);
  }

  /** Checks one member, or all that get changes. A check that runs already is not started twice. */
  check(id: string | undefined, by: Principal): Promise<DriftReport[]> {
    return this.#options.audit.command(by, 'checkDrift', id ?? 'all members', () => this.checkNow(by, id));
  }

  /** The same for this program itself, which nobody asked. */
  checkNow(by: Principal, id?: string): Promise<DriftReport[]> {
    const wanted = id === undefined ? this.#writers(by) : [this.#writer(id, by)];
    return Promise.all(wanted.map((one) => this.#checkOne(one)));
  }

  /** Looks at members that said that they hold fewer zones than they took from us; once for each such number. */
  checkLosses(): void {
    const { log } = this.#options;
    for (const { member, worker } of this.#writers(SELF)) {
      const { lost } = worker.contact;
      const isNews = lost > 0 && this.#lost.get(member.id) !== lost;
      this.#lost.set(member.id, lost);
      if (!isNews) continue;
      this.#checkOne({ member, worker }).catch((error: unknown) => {
        log.error({ member: member.hostname, error: sentenceOf(error) }, 'the drift check failed');
      });
    }
  }

  /** A member said that it keeps a later version of ours: it needs a decision now, not after the next check. */
  #recordSetBack(member: Member, zone: ZoneName, { serial: there }: KeptVersion, detail: string): void {
    const { store, events } = this.#options;
    const report = this.#reports.get(member.id) ?? reportOf(member);
    const here = store.get(zone)?.serial;
    const others = report.differences.filter((one) => one.zone !== zone);
    const found = {
      zone,
      kind: 'set_back',
      there,
      newer: 'there',
      detail,
      ...defined({ here }),
    } as const;
    report.found += others.length === report.differences.length ? 1 : 0;
    report.differences = [found, ...others].slice(0, MOST_DIFFERENCES);
    this.#reports.set(member.id, report);
    events.emit('changed');
  }

  /** Does the same to each of these differences; rejects none of the others where one fails. */
  resolve(id: string, zones: readonly ZoneName[], how: Resolution, by: Principal): Promise<BatchOutcome[]> {
    return this.#options.audit.command(by, 'settleDrift', `${id} ${how} ${batchTarget(zones)}`, () =>
      this.#resolveAll(id, zones, how, by),
    );
  }

  async #resolveAll(id: string, zones: readonly ZoneName[], how: Resolution, by: Principal): Promise<BatchOutcome[]> {
    const { member, worker } = this.#writer(id, by);
    const differences = new Map(this.#reports.get(id)?.differences.map((one) => [one.zone, one]));
    const items = zones.map((name) => ({ name }));
    const outcomes = await inBatch(items, async ({ name: zone }) => {
      const difference = differences.get(zone);
      if (difference === undefined) throw new ClusterError('difference_unknown', { zone, member: member.hostname });
      const local = await this.#resolveOne(difference, how, { member, worker, by });
      return { zone, ...local, members: [], warnings: [] };
    });
    const done = new Set(outcomes.flatMap((one) => ('error' in one ? [] : one.zone)));
    const report = this.#reports.get(id);
    if (report !== undefined) {
      report.differences = report.differences.filter(({ zone }) => !done.has(zone));
      report.found -= done.size;
    }
    this.#options.events.emit('changed');
    return outcomes;
  }

  async stop(): Promise<void> {
    this.#ending.abort(new CutOff());
    await Promise.allSettled(this.#running.values());
  }

  /** Throws member_unknown, member_not_written. */
  #writer(id: string, by: Principal): RunningMember {
    const found = this.#options.workers.running().find(({ member }) => member.id === id && mayUse(by, member));
    if (found === undefined) throw new ClusterError('member_unknown', { id: id.slice(0, 80) });
    const { role, hostname } = found.member;
    if (!ROLES[role].writes) throw new ClusterError('member_not_written', { member: hostname });
    return found;
  }

  #writers(by: Principal): RunningMember[] {
    const running = this.#options.workers.running();
    return running.filter(({ member }) => ROLES[member.role].writes && mayUse(by, member));
  }

  #checkOne(one: RunningMember): Promise<DriftReport> {
    const running = this.#running.get(one.member.id) ?? this.#compare(one);
    this.#running.set(one.member.id, running);
    return running;
  }

  async #compare({ member, worker }: RunningMember): Promise<DriftReport> {
    const { store, versions, events, log } = this.#options;
    const { id, hostname } = member;
    try {
      const signal = AbortSignal.any([this.#ending.signal, AbortSignal.timeout(LONGEST)]);
      const from = this.#next.get(id);
      const { report, next } = await checkDrift({ member, worker, store, here: versions.here, from, signal });
      this.#reports.set(id, report);
      this.#next.set(id, next);
      const { found } = report;
      if (found > 0) log.warn({ member: hostname, found }, 'drift was found');
      events.emit('changed');
      return report;
    } finally {
      this.#running.delete(id);
    }
  }

  async #resolveOne(
    { zone, here, there, kind }: Difference,
    how: Resolution,
    { member, worker, by }: RunningMember & { by: Principal },
  ): Promise<Pick<LocalOutcome, 'change' | 'lifted' | 'local'>> {
    const { store, versions, changes } = this.#options;
    if (how === 'remove') {
      if (kind !== 'extra') throw new ClusterError('difference_other', { zone, how: 'removed' });
      await store.writeTombstones([{ name: zone, serial: there ?? 0 }], by.user);
      worker.removeAgain(zone);
      return { change: 'removed', lifted: false, local: { state: 'served' } };
    }
    if (how === 'send') {
      const held = store.get(zone);
      if (held === undefined) throw new ClusterError('difference_other', { zone, how: 'sent' });
      // Above what is there: its nameserver keeps its data where the serial does not rise.
      const above = there === undefined ? held.serial : nextSerial(held.serial, there);
      if (there !== undefined) worker.acknowledged.holdsOther(zone, { serial: there, digest: '' });
      const outcome = await versions.raise(zone, { above, member: member.hostname }, by);
      worker.resend([zone]);
      return outcome;
    }
    // Only what is here since it was compared is given up for it.
    const ifText = here === undefined ? 'none' : (store.read(zone) ?? 'damaged');
    if (store.get(zone)?.serial !== here) throw new ClusterError('changed_meanwhile', { what: `Zone ${zone}` });
    const text = (await worker.contact.ask((backend, options) => backend.zones([zone], options), TAKE_TIMEOUT)).get(
      zone,
    );
    if (text === undefined) throw new ClusterError('difference_unknown', { zone, member: member.hostname });
    const { change, lifted, local: state } = await changes.save(zone, text, by, { wait: 'local', ifText });
    return { change, lifted, local: state };
  }
}
