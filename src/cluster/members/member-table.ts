import type { Principal } from '../../access/principal.js';
import { ClusterError } from '../../errors.js';
import { CpanelMember, lookAtServer } from '../../members/cpanel/cpanel-member.js';
import type { MemberTypes } from '../../members/member-types.js';
import { cutOffBy } from '../../operations/cut-off.js';
import { inSlices } from '../../operations/in-slices.js';
import type { JsonState } from '../../state/json-state.js';
import { refuseChanged, revisionOf } from '../../state/revision.js';
import type { ZoneName } from '../../zones/zone-name.js';
import type { ZoneStore } from '../../zones/zone-store.js';
import type { ClusterState } from '../model/cluster-state.js';
import type { HealthEvent } from '../health/failure-threshold.js';
import { CPANEL, mayUse, ownerOf } from '../model/member.js';
import type { Member, Role } from '../model/member.js';
import { askForSoa, type MemberAnswer } from './member-dns.js';
import { parseMemberHost, refuseOwnAddress } from './member-address.js';
import { EDITABLE, editedMember, type MemberEdit } from '../model/member-edit.js';
import { memberRow } from './member-row.js';
import type { Delivery } from '../delivery/delivery.js';
import { proveMember, type ProvenMember } from './new-member.js';
import { askForTrust, type TrustTokens } from './reverse-trust.js';
import type { MemberStatus, MemberTest, NewMember, LookedAt, TrustRequest } from '../model/member-status.js';
import type { OwnIdentity } from '../model/own-identity.js';

/** Milliseconds for a look that somebody waits for. */
const TEST_TIMEOUT = 20_000;

export interface MembersOptions {
  state: JsonState<ClusterState>;
  store: ZoneStore;
  own: OwnIdentity;
  types: MemberTypes;
  tokens: TrustTokens;
  workers: Delivery;
  /** Of this server: cuts calls to servers off that are no members yet. */
  ending: AbortSignal;
}

/** The cluster table: its rows in the state file, and who may see and change them. */
export class MemberTable {
  readonly #options: MembersOptions;

  constructor(options: MembersOptions) {
    this.#options = options;
  }

  get #rows(): readonly Member[] {
    return this.#options.state.data.members;
  }

  /** The rows that `by` may see, with how they are doing. */
  list(by: Principal): MemberStatus[] {
    return this.#rows.filter((member) => mayUse(by, member)).map((member) => this.#status(member));
  }

  /** Rejects with MemberError where it can't be talked to; then nothing is kept. */
  async add(input: NewMember, by: Principal): Promise<MemberStatus> {
    const { own, tokens, ending: signal } = this.#options;
    const proven = await this.#prove(input, by);
    await this.#keep(proven);
    const wanted = 'reverseTrust' in input && input.reverseTrust;
    const trust = wanted ? { reverseTrust: await askForTrust(proven, by, { own, tokens, signal }) } : {};
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
      if (proven.backend instanceof CpanelMember) await proven.backend.showVersion({ signal: this.#options.ending });
      if (known === undefined) await this.#keep(proven);
    } catch (error) {
      await proven.backend.close();
      throw error;
    }
    if (known === undefined) return this.#status(proven.member);
    await proven.backend.close();
    return this.edit(known.id, { user, token }, by);
  }

  /** Proven as a new one is, before anything is changed. Where it is another server then, or may be, it gets all zones. */
  async edit(id: string, edit: MemberEdit, by: Principal, seen?: string): Promise<MemberStatus> {
    const before = this.#find(id, by);
    refuseChanged(before.hostname, seen, revisionOf(this.#status(before), EDITABLE));
    const { member, backend } = await this.#prove(editedMember(before, edit), by, id);
    await backend.close();
    const { id: _id, owner: _owner, ...fields } = member;
    const stored = [...EDITABLE, 'token'] as const;
    const edited = await this.#edit(id, by, (draft) => {
      // Everything is written, also what the edit does not name: it must be as it was when the member was asked.
      refuseChanged(before.hostname, revisionOf(before, stored), revisionOf(draft, stored));
      this.#refuseTwin((other) => other.id !== id && other.hostname === member.hostname, member.host);
      Object.assign(draft, fields);
    });
    const { workers, store } = this.#options;
    await workers.restart(edited, member.hostname !== before.hostname);
    // Another certificate may be that of a server that was set up anew and holds nothing of what it acknowledged.
    if (member.fingerprint !== before.fingerprint)
      await inSlices(store.inOrder(), ({ name }) => workers.of(id)?.resend([name]));
    return this.#status(edited);
  }

  /** Asks it who it is, now, and its nameserver whether it answers. Rejects with MemberError; a failure counts as any does. */
  async test(id: string, by: Principal): Promise<MemberTest> {
    const worker = this.#options.workers.of(this.#find(id, by).id);
    if (worker === undefined) throw new ClusterError('member_unknown', { id });
    const start = performance.now();
    const { version, hostname } = await worker.ask(
      (backend, options) => worker.latency.measure(() => backend.probe(options)),
      TEST_TIMEOUT,
    );
    const milliseconds = Math.round(performance.now() - start);
    await worker.nameserver.look();
    const { silent } = worker.nameserver;
    return { version, hostname, milliseconds, ...(silent === undefined ? {} : { silentNameserver: silent }) };
  }

  /** The text of a zone as it has it, whatever its role. Rejects with zone_not_at_member, MemberError. */
  async zoneText(id: string, zone: ZoneName, by: Principal): Promise<Buffer> {
    const { hostname } = this.#find(id, by);
    const worker = this.#options.workers.of(id);
    const text = (await worker?.ask((backend, options) => backend.zones([zone], options), TEST_TIMEOUT))?.get(zone);
    if (text === undefined) throw new ClusterError('zone_not_at_member', { zone, member: hostname });
    return text;
  }

  /** Asks its nameserver for a zone's SOA, as `dig` does. */
  async askForSoa(id: string, zone: ZoneName, by: Principal): Promise<MemberAnswer> {
    const { hostname } = this.#find(id, by);
    const dns = this.#options.workers.of(id)?.dns;
    if (dns !== undefined) return askForSoa(dns, zone, this.#options.ending);
    return {
      command: '',
      lines: [],
      verdict: `Where the nameserver of ${hostname} answers is not known.`,
      milliseconds: 0,
    };
  }

  /** The certificate that a server shows, for the operator to accept. Rejects with MemberError. */
  async lookAt(address: string, givenPort: number | undefined, by: Principal): Promise<LookedAt> {
    const { host, port, portGiven } = parseMemberHost(address, givenPort);
    await refuseOwnAddress(host, port, portGiven, this.#options.own);
    const reach = this.#options.workers.reachOf(ownerOf(by));
    await reach?.check(host);
    const { fingerprint } = await lookAtServer(host, port, { reach, signal: this.#options.ending });
    return { host, port, fingerprint };
  }

  /** `except`: the row that may have this address. */
  #prove(input: NewMember, by: Principal, except?: string): Promise<ProvenMember> {
    const { own, types, workers, ending } = this.#options;
    const refuseTwin = (same: (member: Member) => boolean, host: string): void =>
      this.#refuseTwin((member) => member.id !== except && same(member), host);
    const of = { own, types, refuseTwin, reach: workers.reachOf(ownerOf(by)) };
    return cutOffBy([ending], (signal) => proveMember(input, by, { ...of, signal }));
  }

  /** Writes its row, and goes on with the same connections. */
  async #keep({ member, backend }: ProvenMember): Promise<void> {
    try {
      await this.#options.state.update((draft) => {
        // Looked at again inside the update: two requests may add the same member at once.
        if (member.type === CPANEL) this.#refuseTwin((other) => other.hostname === member.hostname, member.host);
        draft.members.push(member);
      });
      await this.#options.workers.begin(member, backend);
    } catch (error) {
      await backend.close();
      throw error;
    }
  }

  async setRole(id: string, role: Role, by: Principal, seen?: string): Promise<MemberStatus> {
    const member = await this.#edit(id, by, (draft) => {
      refuseChanged(draft.hostname, seen, draft.role);
      draft.role = role;
    });
    this.#options.workers.of(id)?.reconsider();
    return this.#status(member);
  }

  enable(id: string, by: Principal): Promise<MemberStatus> {
    return this.#administer(id, { kind: 'enable' }, by);
  }

  /** Somebody has looked at the removals that are held for it. */
  allowRemovals(id: string, by: Principal): MemberStatus {
    const member = this.#find(id, by);
    this.#options.workers.of(id)?.allowRemovals();
    return this.#status(member);
  }

  disable(id: string, by: Principal): Promise<MemberStatus> {
    return this.#administer(id, { kind: 'disable', why: { sentence: `Disabled by ${by.user}.` } }, by);
  }

  /** Forgets the member and its ledger. Nothing is removed from the member itself. */
  async remove(id: string, by: Principal): Promise<void> {
    this.#find(id, by);
    await this.#options.state.update((draft) => {
      draft.members = draft.members.filter((member) => member.id !== id);
    });
    await this.#options.workers.end(id);
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
    this.#options.workers.of(id)?.note(event);
    await this.#options.workers.health.written;
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

  #status(member: Member): MemberStatus {
    const { workers } = this.#options;
    const recovering = workers.recoveries.answered(member.id);
    const row = memberRow(member, workers.of(member.id), this.#options);
    return recovering === undefined ? row : { ...row, recovering };
  }
}
