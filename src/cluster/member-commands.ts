import type { Principal } from '../access/principal.js';
import { ClusterError } from '../errors.js';
import { MemberError } from '../members/member-backend.js';
import type { MemberType } from '../members/member-type.js';
import type { Transaction } from '../members/transactions.js';
import type { ZoneName } from '../zones/zone-name.js';
import { authorize } from './model/authorize.js';
import type { ClusterParts } from './cluster-parts.js';
import type { DriftReport, Settlement } from './model/drift-kinds.js';
import type { MemberAnswer } from './members/member-dns.js';
import type { MemberEdit } from './model/member-edit.js';
import type { Role } from './model/member.js';
import { refuseSignedZones } from './local/signed-zones.js';
import type { BatchOutcome } from './model/results.js';
import type { LookedAt, MemberStatus, MemberTest, NewMember, TrustRequest } from './model/member-status.js';

/** The commands of a cluster that are about its members. */
export abstract class MemberCommands {
  abstract readonly hostname: string;
  protected readonly parts: ClusterParts;

  protected constructor(parts: ClusterParts) {
    this.parts = parts;
  }

  transactions(id: string, by: Principal): Transaction[] {
    const isTheirs = this.members(by).some((member) => member.id === id);
    return isTheirs ? this.parts.workers.debug.of(id) : [];
  }

  members(by: Principal): MemberStatus[] {
    return this.parts.members.list(by);
  }

  async addMember(member: NewMember, by: Principal): Promise<MemberStatus> {
    authorize(by);
    refuseSignedZones(this.hostname, await this.parts.nameserver.status());
    return ofMember(() => this.parts.members.add(member, by));
  }

  async trustMember(request: TrustRequest, by: Principal): Promise<MemberStatus> {
    authorize(by);
    return ofMember(() => this.parts.members.trust(request, by));
  }

  memberTypes(by?: Principal): readonly MemberType[] {
    return by === undefined ? this.parts.types.list() : this.parts.types.listFor(by);
  }

  async editMember(id: string, edit: MemberEdit, by: Principal, seen?: string): Promise<MemberStatus> {
    authorize(by);
    return ofMember(() => this.parts.members.edit(id, edit, by, seen));
  }

  async testMember(id: string, by: Principal): Promise<MemberTest> {
    authorize(by);
    return ofMember(() => this.parts.members.test(id, by));
  }

  async askForSoa(id: string, zone: ZoneName, by: Principal): Promise<MemberAnswer> {
    authorize(by);
    return this.parts.members.askForSoa(id, zone, by);
  }

  async memberZoneText(id: string, zone: ZoneName, by: Principal): Promise<Buffer> {
    authorize(by);
    return ofMember(() => this.parts.members.zoneText(id, zone, by));
  }

  async lookAtServer(host: string, port: number | undefined, by: Principal): Promise<LookedAt> {
    authorize(by);
    return ofMember(() => this.parts.members.lookAt(host, port, by));
  }

  async setMemberRole(id: string, role: Role, by: Principal, seen?: string): Promise<MemberStatus> {
    authorize(by);
    return this.parts.members.setRole(id, role, by, seen);
  }

  async enableMember(id: string, by: Principal): Promise<MemberStatus> {
    authorize(by);
    return this.parts.members.enable(id, by);
  }

  async disableMember(id: string, by: Principal): Promise<MemberStatus> {
    authorize(by);
    return this.parts.members.disable(id, by);
  }

  drift(by: Principal): DriftReport[] {
    authorize(by);
    return this.parts.drift.reports(by);
  }

  async checkDrift(member: string | undefined, by: Principal): Promise<DriftReport[]> {
    authorize(by);
    return this.parts.drift.check(by, member);
  }

  async settleDrift(
    member: string,
    zones: readonly ZoneName[],
    how: Settlement,
    by: Principal,
  ): Promise<BatchOutcome[]> {
    authorize(by);
    return this.parts.drift.settle(member, zones, how, by);
  }

  // Asynchronous, as all that is audited.
  async allowRemovals(id: string, by: Principal): Promise<MemberStatus> {
    authorize(by);
    return Promise.resolve(this.parts.members.allowRemovals(id, by));
  }

  async removeMember(id: string, by: Principal): Promise<void> {
    authorize(by);
    await this.parts.members.remove(id, by);
  }
}

/** What a member did wrong is the operator's error of that call. */
async function ofMember<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof MemberError)) throw error;
    throw new ClusterError('member_call_failed', { why: error.message }, { cause: error });
  }
}
