import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Principal } from '../access/principal.js';
import { ClusterError, sentenceOf } from '../errors.js';
import { CpanelMember } from '../members/cpanel-member.js';
import type { MemberTypes } from '../members/member-types.js';
import type { Log } from '../operations/log.js';
import { AppendTable } from '../state/append-table.js';
import type { JsonState } from '../state/json-state.js';
import type { ZoneName } from '../zones/zone-name.js';
import type { ZoneStore } from '../zones/zone-store.js';
import type { ClusterState } from './cluster-state.js';
import type { HealthEvent } from './failure-threshold.js';
import { HealthRecord } from './health-record.js';
import { parseLedgerEntry } from './ledger.js';
import { CPANEL, mayUse, ROLES, ROOT } from './member.js';
import type { Member, MemberStatus, MemberTest, NewMember, Role, TrustRequest } from './member.js';
import { parseMemberHost, type OwnIdentity } from './member-address.js';
import { editedMember, type MemberEdit } from './member-edit.js';
import { healthOf, memberRow } from './member-row.js';
import { MemberWorker } from './member-worker.js';
import type { Origins } from './origins.js';
import { openBackend, proveMember, type ProvenMember } from './new-member.js';
import { askForTrust, type TrustTokens } from './reverse-trust.js';

/** Milliseconds for a look that somebody waits for. */
const TEST_TIMEOUT = 20_000;

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
  types: MemberTypes;
  tokens: TrustTokens;
}

/** The cluster table: its rows in the state file, a worker and a ledger for each. */
export class Members {
  readonly #options: MembersOptions;
  readonly #workers = new Map<string, MemberWorker>();
  readonly #health: HealthRecord;

  constructor(options: MembersOptions) {
    this.#options = options;
    this.#health = new HealthRecord(options.state);
  }

  async start(): Promise<void> {
    await mkdir(this.#options.folder, { recursive: true, mode: 0o700 });
    for (const member of this.#rows) await this.#startWorker(member);
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

  /** The rows that `by` may see, with how they are doing. */
  list(by: Principal): MemberStatus[] {
    return this.#rows.filter((member) => mayUse(by, member)).map((member) => this.#status(member));
  }

  /** Members that get our changes, with their workers. */
  *writers(): Generator<[Member, MemberWorker]> {
    if (!this.#options.state.data.clustering) return;
    for (const member of this.#rows) {
      const worker = this.#workers.get(member.id);
      if (worker !== undefined && ROLES[member.role].writes) yield [member, worker];
    }
  }

  /** All members with their workers. */
  running(): { member: Member; worker: MemberWorker }[] {
    return this.#rows.flatMap((member) => {
      const worker = this.#workers.get(member.id);
      return worker === undefined ? [] : [{ member, worker }];
    });
  }

  /** Sends these zones to all that are written to, once more. Returns to how many in all. */
  resend(names: readonly ZoneName[], by: Principal): number {
    let count = 0;
    for (const [member, worker] of this.writers()) if (mayUse(by, member)) count += worker.resend(names);
    return count;
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

  /** Rejects with MemberError where it can't be talked to; then nothing is kept. */
  async add(input: NewMember, by: Principal): Promise<MemberStatus> {
    const { own, tokens } = this.#options;
    const proven = await this.#prove(input, by);
    await this.#keep(proven);
    const wanted = 'reverseTrust' in input && input.reverseTrust;
    const trust = wanted ? { reverseTrust: await askForTrust(proven, by, { own, tokens }) } : {};
    return { ...this.#status(proven.member), ...trust };
  }

  /**
   * A member asks us to trust it: it is called back with the token that it gave, and stands in the table as standalone then, or its row
   * has the new token. Trust is never asked for in return.
   */
  async trust({ address, user, token }: TrustRequest, by: Principal): Promise<MemberStatus> {
    const { host, port } = parseMemberHost(address);
    const known = this.#rows.find((member) => member.host === host && member.port === port && mayUse(by, member));
    const input: NewMember = { host, port, user, token, role: 'standalone' };
    if (known !== undefined) input.fingerprint = known.fingerprint;
    const proven = await this.#prove(input, by, known?.id);
    try {
      if (proven.backend instanceof CpanelMember) await proven.backend.showVersion();
      if (known === undefined) await this.#keep(proven);
    } catch (error) {
      await proven.backend.close();
      throw error;
    }
    if (known === undefined) return this.#status(proven.member);
    await proven.backend.close();
    return this.edit(known.id, { user, token }, by);
  }

  /** Proven as a new one is, before anything is changed. Where it is another server then, it gets all zones. */
  async edit(id: string, edit: MemberEdit, by: Principal): Promise<MemberStatus> {
    const before = this.#find(id, by);
    const { member, backend } = await this.#prove(editedMember(before, edit), by, id);
    await backend.close();
    const { id: _id, owner: _owner, ...fields } = member;
    const edited = await this.#edit(id, by, (draft) => {
      this.#refuseTwin((other) => other.id !== id && other.hostname === member.hostname, member.host);
      Object.assign(draft, fields);
    });
    await this.#restartWorker(edited, member.hostname !== before.hostname);
    return this.#status(edited);
  }

  /** Asks it who it is, now. Rejects with MemberError; a failure counts as any does. */
  async test(id: string, by: Principal): Promise<MemberTest> {
    const worker = this.#workers.get(this.#find(id, by).id);
    if (worker === undefined) throw new ClusterError('member_unknown', { id });
    const start = performance.now();
    const { version, hostname } = await worker.ask((backend) => backend.probe(), TEST_TIMEOUT);
    return { version, hostname, milliseconds: Math.round(performance.now() - start) };
  }

  /** `except`: the row that may have this address. */
  #prove(input: NewMember, by: Principal, except?: string): Promise<ProvenMember> {
    const { own, types } = this.#options;
    const refuseTwin = (same: (member: Member) => boolean, host: string): void =>
      this.#refuseTwin((member) => member.id !== except && same(member), host);
    return proveMember(input, by, { own, types, refuseTwin });
  }

  /** Writes its row, and goes on with the same connections. */
  async #keep({ member, backend }: ProvenMember): Promise<void> {
    try {
      await this.#options.state.update((draft) => {
        // Looked at again inside the update: two requests may add the same member at once.
        if (member.type === CPANEL) this.#refuseTwin((other) => other.hostname === member.hostname, member.host);
        draft.members.push(member);
      });
      await this.#startWorker(member, backend);
    } catch (error) {
      await backend.close();
      throw error;
    }
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

  #refuseTwin(same: (member: Member) => boolean, host: string): void {
    const twin = this.#rows.find(same);
    if (twin !== undefined) throw new ClusterError('member_exists', { host, hostname: twin.hostname });
  }

  #find(id: string, by: Principal): Member {
    const member = this.#rows.find((candidate) => candidate.id === id && mayUse(by, candidate));
    if (member === undefined) throw new ClusterError('member_unknown', { id: id.slice(0, 80) });
    return member;
  }

  /** On disk when it resolves. */
  async #administer(id: string, event: HealthEvent, by: Principal): Promise<MemberStatus> {
    this.#find(id, by);
    this.#workers.get(id)?.note(event);
    await this.#health.written;
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

  async #startWorker(member: Member, backend = openBackend(member, this.#options)): Promise<void> {
    const { store, state, ahead, origins } = this.#options;
    const log = this.#options.log.child({ member: member.hostname });
    const current = (): Member | undefined => state.data.members.find((candidate) => candidate.id === member.id);
    const worker = new MemberWorker({
      backend,
      dns: member.type === CPANEL ? { host: member.host, port: member.dnsPort } : backend.dns,
      ledger: await AppendTable.open(this.#ledgerFile(member.id), { parse: parseLedgerEntry, log }),
      store,
      log,
      health: healthOf(member),
      serves: (owner) => member.owner === ROOT || member.owner === owner,
      writes: () => state.data.clustering && ROLES[current()?.role ?? 'standalone'].writes,
      threshold: () => state.data.failureThreshold,
      healthChanged: (health, before) => this.#health.note(member.id, health, before, log),
      ahead,
      hostsSeen: (name, digest) => origins.of(name, digest),
      hostname: member.hostname,
    });
    this.#workers.set(member.id, worker);
    worker.start();
  }

  /** With another token, or as another server: what that one acknowledged is not known. */
  async #restartWorker(member: Member, another = false): Promise<void> {
    const worker = this.#workers.get(member.id);
    this.#workers.delete(member.id);
    await worker?.stop();
    if (another) await rm(this.#ledgerFile(member.id), { force: true });
    await this.#startWorker(member);
  }

  #status(member: Member): MemberStatus {
    return memberRow(member, this.#workers.get(member.id), this.#options);
  }
}
