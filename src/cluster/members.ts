import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Principal } from '../access/principal.js';
import { ClusterError, sentenceOf } from '../errors.js';
import { CpanelMember, fetchFingerprint } from '../members/cpanel-member.js';
import type { ConnectionOptions } from '../members/member-connection.js';
import type { Log } from '../operations/log.js';
import { AppendTable } from '../state/append-table.js';
import type { JsonState } from '../state/json-state.js';
import type { ZoneName } from '../zones/zone-name.js';
import type { ZoneStore } from '../zones/zone-store.js';
import type { ClusterState } from './cluster-state.js';
import { HEALTHY, type Health, type HealthEvent } from './failure-threshold.js';
import { parseLedgerEntry } from './ledger.js';
import { ROLES, type Member, type MemberStatus, type NewMember, type Role } from './member.js';
import { parseMemberHost, refuseOwnAddress, type OwnIdentity } from './member-address.js';
import { MemberWorker } from './member-worker.js';
import type { Origins } from './origins.js';
import { refuseSignedZones } from './signed-zones.js';

/** Members of root serve every account's zones; a reseller's member serves only theirs. */
const ROOT = 'root';

export interface MembersOptions {
  state: JsonState<ClusterState>;
  store: ZoneStore;
  /** Folder of the ledgers. */
  folder: string;
  own: OwnIdentity;
  log: Log;
  /** A member serves a later serial of this zone than we hold. */
  ahead: (name: ZoneName, serial: number) => void;
  origins: Origins;
}

/** The cluster table: its rows in the state file, a worker and a ledger for each. */
export class Members {
  readonly #options: MembersOptions;
  readonly #workers = new Map<string, MemberWorker>();
  /** The last write of a member's health. */
  #healthKept: Promise<void> = Promise.resolve();

  constructor(options: MembersOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    await mkdir(this.#options.folder, { recursive: true, mode: 0o700 });
    for (const member of this.#options.state.data.members) await this.#startWorker(member);
  }

  async stop(): Promise<void> {
    const ended = await Promise.allSettled([...this.#workers.values()].map((worker) => worker.stop()));
    this.#workers.clear();
    for (const result of ended) {
      if (result.status === 'rejected')
        this.#options.log.error({ error: sentenceOf(result.reason) }, 'a ledger could not be closed');
    }
  }

  /** The rows that `by` may see, with how they are doing. */
  list(by: Principal): MemberStatus[] {
    return this.#options.state.data.members
      .filter((member) => mayUse(by, member))
      .map((member) => this.#status(member));
  }

  /** Members that get our changes, with their workers. */
  *writers(): Generator<[Member, MemberWorker]> {
    if (!this.#options.state.data.clustering) return;
    for (const member of this.#options.state.data.members) {
      const worker = this.#workers.get(member.id);
      if (worker !== undefined && ROLES[member.role].writes) yield [member, worker];
    }
  }

  /** These zones changed here: every worker looks at them. */
  changed(names: readonly ZoneName[]): void {
    for (const worker of this.#workers.values()) worker.changed(names);
  }

  /** Clustering or the threshold changed. */
  reconsider(): void {
    for (const worker of this.#workers.values()) worker.reconsider();
  }

  /** One active probe of each member that is not disabled; one that hangs delays none of the others. */
  async probeAll(): Promise<void> {
    const enabled = [...this.#workers.values()].filter((worker) => worker.health.state !== 'disabled');
    await Promise.all(enabled.map((worker) => worker.probe()));
  }

  /** Proves address, certificate and token before anything is kept. */
  async add(input: NewMember, by: Principal): Promise<MemberStatus> {
    const { own } = this.#options;
    const { host, port, portGiven } = parseMemberHost(input.host, input.port);
    if (input.user === '' || input.token === '') throw new ClusterError('member_credentials_missing', { host });
    await refuseOwnAddress(host, port, portGiven, own);
    this.#refuseDuplicate((member) => member.host === host && member.port === port, host);
    const shown = await fetchFingerprint(host, port);
    if (shown === own.fingerprint) throw new ClusterError('member_is_self', { host });
    const fingerprint = input.fingerprint ?? shown;
    const backend = this.#backendOf({ host, port, user: input.user, token: input.token, fingerprint });
    try {
      return await this.#keep(backend, { ...input, host, port, fingerprint }, by);
    } catch (error) {
      await backend.close();
      throw error;
    }
  }

  /** Asks the member who it is, writes its row, and goes on with the same connections. */
  async #keep(
    backend: CpanelMember,
    input: NewMember & { port: number; fingerprint: string },
    by: Principal,
  ): Promise<MemberStatus> {
    const { own, state } = this.#options;
    const { host, port, fingerprint } = input;
    const info = await backend.probe();
    if (info.hostname === own.hostname) throw new ClusterError('member_is_self', { host });
    refuseSignedZones(info.hostname, { software: 'nameserver', ...info });
    const member: Member = {
      id: randomUUID(),
      type: 'cpanel',
      host,
      port,
      dnsPort: input.dnsPort ?? 53,
      user: input.user,
      token: input.token,
      role: input.role,
      fingerprint,
      hostname: info.hostname,
      version: info.version,
      owner: by.kind === 'root' ? ROOT : by.user,
    };
    await state.update((draft) => {
      // Looked at again inside the update: two requests may add the same member at once.
      this.#refuseDuplicate((other) => other.hostname === member.hostname, host);
      draft.members.push(member);
    });
    await this.#startWorker(member, backend);
    return this.#status(member);
  }

  async setRole(id: string, role: Role, by: Principal): Promise<MemberStatus> {
    const member = await this.#edit(id, by, (draft) => {
      draft.role = role;
    });
    this.#workers.get(id)?.reconsider();
    return this.#status(member);
  }

  enable(id: string, by: Principal): Promise<MemberStatus> {
    return this.#administer(id, { kind: 'enable' }, by);
  }

  disable(id: string, by: Principal): Promise<MemberStatus> {
    return this.#administer(id, { kind: 'disable', reason: `Disabled by ${by.user}.` }, by);
  }

  /** Forgets the member and its ledger. Nothing is removed from the member itself. */
  async remove(id: string, by: Principal): Promise<void> {
    this.#find(id, by);
    await this.#options.state.update((draft) => {
      draft.members = draft.members.filter((member) => member.id !== id);
    });
    const worker = this.#workers.get(id);
    this.#workers.delete(id);
    // The ledger goes: it does not matter whether its last lines could be written.
    await worker?.stop().catch(() => undefined);
    await rm(this.#ledgerFile(id), { force: true });
  }

  #refuseDuplicate(same: (member: Member) => boolean, host: string): void {
    const twin = this.#options.state.data.members.find(same);
    if (twin !== undefined) throw new ClusterError('member_exists', { host, hostname: twin.hostname });
  }

  #find(id: string, by: Principal): Member {
    const member = this.#options.state.data.members.find((candidate) => candidate.id === id && mayUse(by, candidate));
    if (member === undefined) throw new ClusterError('member_unknown', { id: id.slice(0, 80) });
    return member;
  }

  /** On disk when it resolves. */
  async #administer(id: string, event: HealthEvent, by: Principal): Promise<MemberStatus> {
    this.#find(id, by);
    this.#workers.get(id)?.note(event);
    await this.#healthKept;
    return this.#status(this.#find(id, by));
  }

  async #edit(id: string, by: Principal, change: (draft: Member) => void): Promise<Member> {
    this.#find(id, by);
    await this.#options.state.update((draft) => {
      const member = draft.members.find((candidate) => candidate.id === id);
      if (member !== undefined) change(member);
    });
    return this.#find(id, by);
  }

  #ledgerFile(id: string): string {
    return join(this.#options.folder, `${id}.ledger`);
  }

  async #startWorker(member: Member, backend = this.#backendOf(member)): Promise<void> {
    const { store, state, ahead, origins } = this.#options;
    const log = this.#options.log.child({ member: member.hostname });
    const current = (): Member | undefined => state.data.members.find((candidate) => candidate.id === member.id);
    const worker = new MemberWorker({
      backend,
      dns: { host: member.host, port: member.dnsPort },
      ledger: await AppendTable.open(this.#ledgerFile(member.id), { parse: parseLedgerEntry, log }),
      store,
      log,
      health: healthOf(member),
      serves: (owner) => member.owner === ROOT || member.owner === owner,
      writes: () => state.data.clustering && ROLES[current()?.role ?? 'standalone'].writes,
      threshold: () => state.data.failureThreshold,
      healthChanged: (health, before) => {
        if (health.state !== before.state) this.#noteHealth(member.id, health, before, log);
      },
      ahead,
      hostsSeen: (name, digest) => origins.of(name, digest),
      hostname: member.hostname,
    });
    this.#workers.set(member.id, worker);
    worker.start();
  }

  #backendOf(member: Omit<ConnectionOptions, 'timeout'>): CpanelMember {
    return new CpanelMember({ ...member, self: this.#options.own.hostname });
  }

  #noteHealth(id: string, health: Health, before: Health, log: Log): void {
    const { state, failures, lastFailure: reason } = health;
    log.warn({ state, failures, reason }, 'member is %s', state);
    // Only whether it is disabled outlives a restart.
    if (state !== 'disabled' && before.state !== 'disabled') return;
    this.#healthKept = this.#keepHealth(id, health);
    this.#healthKept.catch((error: unknown) => {
      log.error({ error: sentenceOf(error) }, 'the state of a member could not be written');
    });
  }

  #keepHealth(id: string, health: Health): Promise<void> {
    return this.#options.state.update((draft) => {
      const member = draft.members.find((candidate) => candidate.id === id);
      if (member === undefined) return;
      delete member.disabledAt;
      delete member.disabledReason;
      if (health.state !== 'disabled') return;
      member.disabledAt = new Date().toISOString();
      if (health.lastFailure !== undefined) member.disabledReason = health.lastFailure;
    });
  }

  /** How many zones it should hold. */
  #zonesOf(member: Member): number {
    const { store } = this.#options;
    if (member.owner === ROOT) return store.size;
    let count = 0;
    for (const entry of store.entries()) if (entry.owner === member.owner) count++;
    return count;
  }

  #status(member: Member): MemberStatus {
    const { token: _token, ...shown } = member;
    const worker = this.#workers.get(member.id);
    const health = worker?.health ?? healthOf(member);
    const writes = ROLES[member.role].writes;
    const due = writes ? (worker?.backlog.size ?? 0) : 0;
    const zones = writes ? this.#zonesOf(member) : 0;
    const oldest = due > 0 ? worker?.backlog.oldest : undefined;
    return {
      ...shown,
      state: health.state,
      failures: health.failures,
      ...(health.lastFailure === undefined ? {} : { lastFailure: health.lastFailure }),
      ...(health.lastContact === 0 ? {} : { lastContact: new Date(health.lastContact).toISOString() }),
      zones,
      zonesInSync: Math.max(0, zones - due),
      pending: due,
      ...(oldest === undefined ? {} : { pendingSince: new Date(oldest).toISOString() }),
    };
  }
}

function mayUse(by: Principal, member: Member): boolean {
  return by.kind === 'root' || member.owner === by.user;
}

function healthOf(member: Member): Health {
  if (member.disabledAt === undefined) return HEALTHY;
  return {
    ...HEALTHY,
    state: 'disabled',
    ...(member.disabledReason === undefined ? {} : { lastFailure: member.disabledReason }),
  };
}
