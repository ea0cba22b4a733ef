import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Principal } from '../../access/principal.js';
import { ClusterError, sentenceOf } from '../../errors.js';
import { CutOff, type MemberBackend } from '../../members/member-backend.js';
import type { MemberTypes } from '../../members/member-types.js';
import { InternetReach, type Reach } from '../../members/reach.js';
import type { DnsServer } from '../../dns/messages/query.js';
import type { Log } from '../../operations/log.js';
import { AppendTable } from '../../state/append-table.js';
import type { JsonState } from '../../state/json-state.js';
import type { ZoneName } from '../../zones/zone-name.js';
import type { ZoneStore } from '../../zones/zone-store.js';
import type { ClusterState } from '../model/cluster-state.js';
import type { ZoneVersions } from '../local/zone-versions.js';
import type { ClusterEvents } from '../model/cluster-events.js';
import type { KeyRenewals } from './key-renewals.js';
import { LostZones } from './lost-zones.js';
import { MemberRecord } from './member-record.js';
import { parseLedgerEntry } from './ledger.js';
import { mayUse, ROLES, ROOT, valuesOf, type Member } from '../model/member.js';
import { MemberWorker, type RunningMember } from './member-worker.js';
import { Recoveries } from './recovery.js';
import { SameServer } from './same-server.js';
import { DebugMode } from '../../members/transactions.js';

interface DeliveryOptions {
  state: JsonState<ClusterState>;
  store: ZoneStore;
  /** Folder of the ledgers. */
  folder: string;
  log: Log;
  versions: ZoneVersions;
  types: MemberTypes;
  events: ClusterEvents;
  renewals: KeyRenewals;
}

/** A worker and a ledger for each row of the cluster table. */
export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #workers = new Map<string, MemberWorker>();
  readonly debug = new DebugMode();
  readonly recoveries = new Recoveries();
  readonly lost: LostZones;
  readonly #resellersReach: Reach;
  readonly #ending = new AbortController();

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.lost = new LostZones(options.store);
    this.#resellersReach = new InternetReach(() => options.state.data.resellerNetworks);
  }

  /** Keys of members that were accepted because the one before signed them. */
  get renewals(): KeyRenewals {
    return this.#options.renewals;
  }

  /** Aborted when this server ends: cuts calls off, also to servers that are no members yet. */
  get ending(): AbortSignal {
    return this.#ending.signal;
  }

  /** Where members of this account may be: of root's, everywhere. */
  reachOf(owner: string): Reach | undefined {
    return owner === ROOT ? undefined : this.#resellersReach;
  }

  async start(): Promise<void> {
    await mkdir(this.#options.folder, { recursive: true, mode: 0o700 });
    for (const member of this.#rows) await this.begin(member);
  }

  /** Cuts off what is said to members: none is waited for then. */
  cutOff(): void {
    this.#ending.abort(new CutOff());
  }

  async stop(): Promise<void> {
    const ended = await Promise.allSettled([...this.#workers.values()].map((worker) => worker.stop()));
    this.#workers.clear();
    for (const one of ended) {
      if (one.status === 'rejected')
        this.#options.log.error({ error: sentenceOf(one.reason) }, 'a ledger could not be closed');
    }
  }

  get #rows(): readonly Member[] {
    return this.#options.state.data.members;
  }

  of(id: string): MemberWorker | undefined {
    return this.#workers.get(id);
  }

  /** Members that get our changes, with their workers. */
  writers(): RunningMember[] {
    if (!this.#options.state.data.clustering) return [];
    return this.running().filter(({ member }) => ROLES[member.role].writes);
  }

  /** All members with their workers. */
  running(): RunningMember[] {
    return this.#rows.flatMap((member) => {
      const worker = this.#workers.get(member.id);
      return worker === undefined ? [] : [{ member, worker }];
    });
  }

  /** Sends these zones to all that are written to, once more. Returns to how many in all. */
  resend(names: readonly ZoneName[], by: Principal): number {
    let count = 0;
    for (const { member, worker } of this.writers()) if (mayUse(by, member)) count += worker.resend(names);
    return count;
  }

  /** Zones that wait to be sent to members that answer. */
  waiting(): number {
    let count = 0;
    for (const { worker } of this.writers()) if (worker.contact.health.state === 'online') count += worker.backlog.size;
    return count;
  }

  /** These zones changed here: every worker checks them. */
  zonesChanged(names: readonly ZoneName[]): void {
    for (const worker of this.#workers.values()) worker.zonesChanged(names);
  }

  /** Which members have this zone from us is on disk when it resolves. Rejects with zones_not_written. */
  async remember(name: ZoneName): Promise<void> {
    try {
      await Promise.all([...this.#workers.values()].map((worker) => worker.acknowledged.remember(name)));
    } catch (error) {
      throw new ClusterError('zones_not_written', { why: sentenceOf(error) }, { cause: error });
    }
  }

  /** Clustering or the threshold changed. */
  reconsider(): void {
    for (const worker of this.#workers.values()) worker.reconsider();
  }

  /** One active probe of each member that is not disabled; one that hangs delays none of the others. */
  async probeAll(): Promise<void> {
    const enabled = [...this.#workers.values()].filter((worker) => worker.contact.health.state !== 'disabled');
    const recovering = this.#options.state.data.autoEnable ? this.recoveries.check(this.running()) : undefined;
    await Promise.all([...enabled.map((worker) => worker.contact.probe()), recovering]);
  }

  /** `opened`: its connections, where there are some. */
  async begin(member: Member, opened?: MemberBackend): Promise<void> {
    const { state, store, versions, types, events, renewals } = this.#options;
    const { hostname: name } = member;
    const recorder = this.debug.recorderFor(member);
    const reach = this.reachOf(member.owner);
    // In debug mode from the first call on.
    if (recorder !== undefined) await opened?.close();
    const isKept = opened !== undefined && recorder === undefined;
    const backend = isKept ? opened : types.reopen(member.type, valuesOf(member), { reach, record: recorder, name });
    backend.followKeys?.((renewal) => renewals.keep(member, renewal));
    const log = this.#options.log.child({ member: name });
    const ledger = await AppendTable.open(this.#ledgerFile(member.id), { parse: parseLedgerEntry, log });
    if (this.ending.aborted) {
      // The workers that ran have been ended, and nobody would end this one.
      await Promise.all([ledger.close(), backend.close()]);
      return;
    }
    const sameServer = new SameServer(member, () => this.running());
    const record = new MemberRecord(member, { state, events, log, sameServer });
    const dns = dnsOf(backend, reach);
    const worker = new MemberWorker({ record, backend, dns, ledger, store, versions, events, log });
    this.#workers.set(member.id, worker);
    await this.lost.compare(ledger.entries(), member.hostname);
    await worker.start();
  }

  /** With another token, or as another server: what that one acknowledged is not known. */
  async restart(member: Member, another = false): Promise<void> {
    const worker = this.#workers.get(member.id);
    this.#workers.delete(member.id);
    await worker?.stop();
    if (another) await rm(this.#ledgerFile(member.id), { force: true });
    await this.begin(member);
  }

  /** Stops its worker and forgets its ledger. */
  async end(id: string): Promise<void> {
    const worker = this.#workers.get(id);
    this.#workers.delete(id);
    // The ledger goes: it does not matter whether its last lines could be written.
    await worker?.stop().catch(() => undefined);
    await rm(this.#ledgerFile(id), { force: true });
  }

  #ledgerFile(id: string): string {
    return join(this.#options.folder, `${id}.ledger`);
  }
}

/** Where its nameserver answers, as far as it may be asked. */
function dnsOf({ dns }: MemberBackend, reach: Reach | undefined): DnsServer | undefined {
  return dns === undefined || reach === undefined ? dns : { ...dns, addressOf: (host) => reach.addressOf(host) };
}
