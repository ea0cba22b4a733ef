import type { Principal } from '../../access/principal.js';
import { ClusterError } from '../../errors.js';
import { CPANEL, type LookedAt, type MemberType } from '../../members/member-type.js';
import type { MemberTypes } from '../../members/member-types.js';
import type { Transaction } from '../../members/transactions.js';
import type { Nameserver } from '../../nameservers/nameserver.js';
import { defined } from '../../operations/defined.js';
import { refuseChanged, revisionOf } from '../../state/revision.js';
import type { ZoneName } from '../../zones/zone-name.js';
import type { ZoneStore } from '../../zones/zone-store.js';
import { refuseSignedZones } from '../local/signed-zones.js';
import type { HealthEvent } from '../health/failure-threshold.js';
import { isServer, ownerOf, ROOT, showsOther, type Member, type Role } from '../model/member.js';
import type { ClusterFailures } from '../model/results.js';
import { failuresOf } from './failures.js';
import type { KeptMembers } from './kept-members.js';
import { cutOffBy } from '../../operations/cut-off.js';
import { inSlices } from '../../operations/in-slices.js';
import { askForSoa, type MemberAnswer } from './member-dns.js';
import { parseMemberHost } from '../../members/member-address.js';
import { EDITABLE, editedMember, storedRevision, type MemberEdit } from '../model/member-edit.js';
import { MemberCalls } from './member-calls.js';
import { memberRow } from './member-row.js';
import type { Delivery } from '../delivery/delivery.js';
import { proveMember, type ProvenMember } from './new-member.js';
import { askForTrust, type TrustTokens } from './reverse-trust.js';
import type { MemberStatus, MemberTest, NewMember, TrustRequest } from '../model/member-status.js';
import type { OwnIdentity } from '../../members/own-identity.js';
import { type Audit, type AuditAction, authorize } from '../model/audit.js';

/** Milliseconds for a probe that somebody waits for. */
const TEST_TIMEOUT = 20_000;

interface MemberTableOptions {
  kept: KeptMembers;
  store: ZoneStore;
  own: OwnIdentity;
  nameserver: Nameserver;
  types: MemberTypes;
  tokens: TrustTokens;
  workers: Delivery;
  audit: Audit;
}

/** The cluster table, for those who may see and change its rows. Changes are authorised and audited here. */
export class MemberTable {
  readonly #options: MemberTableOptions;
  readonly #calls = new MemberCalls();

  constructor(options: MemberTableOptions) {
    this.#options = options;
  }

  get #kept(): KeptMembers {
    return this.#options.kept;
  }

  /** The rows that `by` may see, with how they are doing. */
  list(by: Principal): MemberStatus[] {
    return this.#kept.list(by).map((member) => this.#status(member));
  }

  /** What does not work: members that fail or are disabled, and zones that members refused. */
  failures(by: Principal): ClusterFailures {
    return failuresOf(this.list(by), this.#options.workers);
  }

  /** Types of members: those that this principal may add, or all. */
  types(by?: Principal): readonly MemberType[] {
    return by === undefined ? this.#options.types.list() : this.#options.types.listFor(by);
  }

  /** The last calls to a member in debug mode, the newest first. */
  transactions(id: string, by: Principal): Transaction[] {
    return this.#kept.list(by).some((member) => member.id === id) ? this.#options.workers.debug.of(id) : [];
  }

  /** Rejects with member_call_failed where it can't be talked to; then nothing is kept. */
  add(input: NewMember, by: Principal): Promise<MemberStatus> {
    const { own, tokens, nameserver, audit } = this.#options;
    const { ending: signal } = this.#options.workers;
    const named = 'values' in input ? input.type : input.host;
    return audit.command(by, 'addMember', named, async () => {
      refuseSignedZones(own.hostname, await nameserver.status());
      const proven = await this.#prove(input, by);
      await this.#keep(proven, by);
      const wanted = 'reverseTrust' in input && input.reverseTrust;
      const trust = wanted ? { reverseTrust: await askForTrust(proven, by, { own, tokens, signal }) } : {};
      return { ...this.#status(proven.member), ...trust };
    });
  }

  /**
   * A member asks us to trust it: it is called back with the token that it gave, and stands in the table as standalone
   * then, or its row has the new token. Trust is never asked for in return.
   */
  trust({ address, user, token }: TrustRequest, by: Principal): Promise<MemberStatus> {
    return this.#options.audit.command(by, 'trustMember', address, async () => {
      const { host, port } = parseMemberHost(address);
      const mine = this.#kept.servers(by).filter(({ owner }) => owner === ownerOf(by));
      const known = mine.find((member) => member.host === host && member.port === port);
      const given: NewMember = { host, port, user, token, role: 'standalone' };
      const input = known === undefined ? given : editedMember(known, given);
      const proven = await this.#prove(input, by, known);
      try {
        await this.#calls.toMember(by, () => proven.backend.showVersion?.({ signal: this.#options.workers.ending }));
        if (known === undefined) await this.#keep(proven, by);
      } catch (error) {
        await proven.backend.close();
        throw error;
      }
      if (known === undefined) return this.#status(proven.member);
      await proven.backend.close();
      return this.#edit(known.id, { user, token }, by);
    });
  }

  /**
   * Changes a member's address, credentials, role or values, after it answered with them: proven as a new one is.
   * `seen`: the revision that the change was made from. Rejects with changed_meanwhile where somebody else changed it
   * by then.
   */
  edit(id: string, edit: MemberEdit, by: Principal, seen?: string): Promise<MemberStatus> {
    return this.#options.audit.command(by, 'editMember', id, () => this.#edit(id, edit, by, seen));
  }

  // Where it is another server then, or may be, it gets all zones.
  async #edit(id: string, edit: MemberEdit, by: Principal, seen?: string): Promise<MemberStatus> {
    const before = this.#kept.find(id, by);
    refuseChanged(before.hostname, seen, revisionOf(this.#status(before), EDITABLE));
    const { member, backend } = await this.#prove(editedMember(before, edit), by, before);
    await backend.close();
    const { id: _id, owner: _owner, ...fields } = member;
    const edited = await this.#kept.edit(id, by, (draft) => {
      // Everything is written, also what the edit does not name: it must be as it was when the member was asked.
      refuseChanged(before.hostname, storedRevision(before), storedRevision(draft));
      this.#kept.refuseTwin(
        before.owner,
        (other) => other.id !== id && other.hostname === member.hostname,
        isServer(member) ? member.host : member.hostname,
      );
      Object.assign(draft, fields);
    });
    const { workers, store } = this.#options;
    await workers.restart(edited, member.hostname !== before.hostname);
    // Another key may be that of a server that was set up anew and holds nothing of what it acknowledged.
    if (showsOther(before, member)) await inSlices(store.inOrder(), ({ name }) => workers.of(id)?.resend([name]));
    return this.#status(edited);
  }

  /** Calls the member and queries its nameserver. Rejects with member_call_failed; a failure counts as any does. */
  async test(id: string, by: Principal): Promise<MemberTest> {
    authorize(by);
    const worker = this.#options.workers.of(this.#kept.find(id, by).id);
    if (worker === undefined) throw new ClusterError('member_unknown', { id });
    const start = performance.now();
    const { version, hostname } = await this.#calls.toMember(by, () =>
      worker.contact.ask(
        (backend, options) => worker.contact.latency.measure(() => backend.probe(options)),
        TEST_TIMEOUT,
      ),
    );
    const milliseconds = Math.round(performance.now() - start);
    await worker.contact.nameserver.probe();
    const { silent } = worker.contact.nameserver;
    return { version, hostname, milliseconds, ...defined({ silentNameserver: silent }) };
  }

  /** The text of a zone as it has it, whatever its role. Rejects with zone_not_at_member, member_call_failed. */
  async zoneText(id: string, zone: ZoneName, by: Principal): Promise<Buffer> {
    authorize(by);
    const { hostname } = this.#kept.find(id, by);
    const worker = this.#options.workers.of(id);
    const texts =
      worker &&
      (await this.#calls.toMember(by, () =>
        worker.contact.ask((backend, options) => backend.zones([zone], options), TEST_TIMEOUT),
      ));
    const text = texts?.get(zone);
    if (text === undefined) throw new ClusterError('zone_not_at_member', { zone, member: hostname });
    return text;
  }

  /** Asks its nameserver for a zone's SOA, as `dig` does. */
  async askForSoa(id: string, zone: ZoneName, by: Principal): Promise<MemberAnswer> {
    authorize(by);
    const { hostname } = this.#kept.find(id, by);
    const dns = this.#options.workers.of(id)?.dns;
    if (dns !== undefined) return this.#calls.toMember(by, () => askForSoa(dns, zone, this.#options.workers.ending));
    return {
      command: '',
      lines: [],
      verdict: `Where the nameserver of ${hostname} answers is not known.`,
      milliseconds: 0,
    };
  }

  /** The certificate that a server shows, for the operator to accept. Rejects with member_call_failed. */
  async lookAt(host: string, port: number | undefined, by: Principal, ca?: string): Promise<LookedAt> {
    authorize(by);
    const { types, workers } = this.#options;
    const of = { reach: workers.reachOf(ownerOf(by)), signal: workers.ending };
    const given = { host, ...defined({ port: port?.toString(), ca }) };
    return this.#calls.toStranger(by, { host, port }, () => types.lookAt(CPANEL, given, of));
  }

  /** `seen`: the role that it is to have till now. Rejects with changed_meanwhile. */
  setRole(id: string, role: Role, by: Principal, seen?: string): Promise<MemberStatus> {
    return this.#options.audit.command(by, 'setMemberRole', `${id} ${role}`, async () => {
      const member = await this.#kept.edit(id, by, (draft) => {
        refuseChanged(draft.hostname, seen, draft.role);
        draft.role = role;
      });
      this.#options.workers.of(id)?.reconsider();
      return this.#status(member);
    });
  }

  enable(id: string, by: Principal): Promise<MemberStatus> {
    return this.#administer(id, 'enableMember', { kind: 'enable' }, by);
  }

  disable(id: string, by: Principal): Promise<MemberStatus> {
    return this.#administer(id, 'disableMember', { kind: 'disable', why: { sentence: `Disabled by ${by.user}.` } }, by);
  }

  /** A person allowed the removals that are held back for a member. */
  allowRemovals(id: string, by: Principal): Promise<MemberStatus> {
    return this.#options.audit.command(by, 'allowRemovals', id, () => {
      const member = this.#kept.find(id, by);
      this.#options.workers.of(id)?.allowRemovals();
      return this.#status(member);
    });
  }

  /** Trusts again what was trusted before the present key, which was accepted automatically, or throws no_renewal. */
  takeBackKey(id: string, by: Principal): Promise<MemberStatus> {
    return this.#options.audit.command(by, 'takeBackKey', id, async () => {
      const member = await this.#options.workers.renewals.takeBack(id, by);
      await this.#options.workers.restart(member);
      return this.#status(member);
    });
  }

  /** Forgets the member and its ledger. Nothing is removed from the member itself. */
  remove(id: string, by: Principal): Promise<void> {
    return this.#options.audit.command(by, 'removeMember', id, async () => {
      await this.#kept.remove(id, by);
      await this.#options.workers.end(id);
    });
  }

  /** The same with all that this account added: it ends. Resolves with their names. */
  async removeOf(account: string, by: Principal): Promise<string[]> {
    const theirs = this.#kept.list(by).filter(({ owner }) => owner === account && owner !== ROOT);
    for (const { id } of theirs) await this.remove(id, by);
    return theirs.map(({ hostname }) => hostname);
  }

  /** `known`: the row that may have this address. Rejects with member_call_failed, member_exists, account_limit. */
  #prove(input: NewMember, by: Principal, known?: Member): Promise<ProvenMember> {
    const { types, workers } = this.#options;
    const { id, owner = ownerOf(by) } = known ?? {};
    const refuseTwin = (same: (member: Member) => boolean, host: string): void =>
      this.#kept.refuseTwin(owner, (member) => member.id !== id && same(member), host);
    const of = { types, refuseTwin, reach: workers.reachOf(ownerOf(by)) };
    const prove = (signal: AbortSignal): Promise<ProvenMember> => proveMember(input, by, { ...of, signal });
    return this.#calls.toStranger(by, input, () => cutOffBy([workers.ending], prove));
  }

  /** Writes its row, and goes on with the same connections. */
  async #keep({ member, backend }: ProvenMember, by: Principal): Promise<void> {
    try {
      await this.#kept.add(member, by);
      await this.#options.workers.begin(member, backend);
    } catch (error) {
      await backend.close();
      throw error;
    }
  }

  /** On disk when it resolves. */
  #administer(id: string, action: AuditAction, event: HealthEvent, by: Principal): Promise<MemberStatus> {
    return this.#options.audit.command(by, action, id, async () => {
      this.#kept.find(id, by);
      await this.#options.workers.of(id)?.contact.administer(event);
      return this.#status(this.#kept.find(id, by));
    });
  }

  #status(member: Member): MemberStatus {
    const { workers } = this.#options;
    const recovering = workers.recoveries.answered(member.id);
    const row = memberRow(member, workers.of(member.id), this.#options);
    return recovering === undefined ? row : { ...row, recovering };
  }
}
