import type { Principal } from '../access/principal.js';
import type { Transaction } from '../members/transactions.js';
import type { PastVersion } from '../zones/zone-history.js';
import type { MemberType } from '../members/member-type.js';
import type { ZoneName } from '../zones/zone-name.js';
import type { ClusterSettings } from './model/cluster-state.js';
import type { Conflict } from './local/conflicts.js';
import type { DriftReport, Settlement } from './model/drift-kinds.js';
import type { MemberAnswer } from './members/member-dns.js';
import type { MemberEdit } from './model/member-edit.js';
import type { Role } from './model/member.js';
import type { RescanResult } from './local/rescan.js';
import type {
  MemberZoneState,
  ChangeResult,
  BatchOutcome,
  ChangeOptions,
  ZoneToSave,
  RemovedZone,
  SynchronizeJob,
  SynchronizeOptions,
  SynchronizeResult,
  ClusterFailures,
  ClusterStatus,
  ZoneRow,
} from './model/results.js';
import type { LookedAt, MemberStatus, MemberTest, NewMember, TrustRequest } from './model/member-status.js';

/**
 * What the panel, the API and the command line ask of the cluster. Every command names who acts: a reseller sees and changes
 * only zones and members that are theirs (zone_not_yours, zone_unknown). All reject with ClusterError.
 */
export interface Cluster {
  readonly hostname: string;

  /** By name. */
  listZones(by: Principal): ZoneRow[];
  /** The same without those whose file is known to be missing: a server that compares finds that they are lost here. */
  heldZones(by: Principal): ZoneRow[];
  /** How many those are. */
  heldCount(by: Principal): number;
  /** Zones of members that are read from, and that are not on this server. Of a reseller's own members only. */
  zonesElsewhere(by: Principal): Promise<{ zone: ZoneName; member: string }[]>;
  zone(name: ZoneName, by: Principal): ZoneRow | undefined;
  zoneText(name: ZoneName, by: Principal): Promise<Buffer>;
  /** As zoneText, after members of the role sync were asked: a newer copy of theirs is taken first. */
  newestText(name: ZoneName, by: Principal): Promise<Buffer>;
  zoneStates(name: ZoneName, by: Principal): MemberZoneState[];

  /** Replaces or creates a zone by its master-file text. */
  saveZone(name: ZoneName, text: Buffer, by: Principal, options?: ChangeOptions): Promise<ChangeResult>;
  /** As saveZone, but refuses a zone that is here already (zone_exists). */
  addZone(name: ZoneName, text: Buffer, by: Principal, options?: ChangeOptions): Promise<ChangeResult>;
  /** Creates a zone from a template in templates/zones, as `standard`, with its variables, as `ip`. */
  createZone(
    name: ZoneName,
    template: string,
    variables: Readonly<Record<string, string>>,
    by: Principal,
    options?: ChangeOptions,
  ): Promise<ChangeResult>;
  removeZone(name: ZoneName, by: Principal, options?: ChangeOptions): Promise<ChangeResult>;
  /** Many at once, one outcome each, in their order. */
  saveZones(zones: readonly ZoneToSave[], by: Principal, options?: ChangeOptions): Promise<BatchOutcome[]>;
  removeZones(names: readonly ZoneName[], by: Principal, options?: ChangeOptions): Promise<BatchOutcome[]>;
  /** Makes the local nameserver load these zones again, or all; unknown names are skipped. */
  reloadZones(names: readonly ZoneName[] | 'all', by: Principal): Promise<void>;

  /** Brings this server and its members to the newest copy of each zone. */
  synchronize(options: SynchronizeOptions, by: Principal): Promise<SynchronizeResult>;
  /** The same, beside everything else: it can be watched and cancelled. */
  startSynchronize(options: SynchronizeOptions, by: Principal): Promise<SynchronizeJob>;
  /** A run that `by` started, or anybody's for root; undefined where it is forgotten. */
  synchronizeJob(id: string, by: Principal): SynchronizeJob | undefined;

  /** Zones that two servers write, as far as this one has met it: of all for root, of their own for a reseller. */
  conflicts(by: Principal): Conflict[];
  /** A zone becomes this server's, whoever had it; what the other sends of it is refused from then on. Fetched first where it is not here. */
  takeOverZone(name: ZoneName, by: Principal): Promise<ChangeResult>;
  /** The conflict is settled: it is shown again when it is met again. */
  forgetConflict(name: ZoneName, by: Principal): Promise<void>;

  /** How members differed from what they should hold when they were looked at last. */
  drift(by: Principal): DriftReport[];
  /** Looks now, at one member or at all. Rejects with member_unknown. */
  checkDrift(member: string | undefined, by: Principal): Promise<DriftReport[]>;
  /** Settles differences that the last look found at a member. */
  settleDrift(member: string, zones: readonly ZoneName[], how: Settlement, by: Principal): Promise<BatchOutcome[]>;

  /** Zones that were removed here, the newest first. */
  removedZones(by: Principal): RemovedZone[];
  /** Brings a removed zone back, to its owner, under a serial above any that was served. */
  restoreZone(name: ZoneName, by: Principal, options?: ChangeOptions): Promise<ChangeResult>;

  /** Brings a zone's file back that is missing or broken: from a member that has this version, else the version before. */
  restoreFile(name: ZoneName, by: Principal): Promise<ChangeResult>;
  /** The same for all zones whose file is missing, one outcome each. */
  restoreFiles(by: Principal): Promise<BatchOutcome[]>;

  /** The versions before the present one, the newest first, each with the change that ended it. Rejects with zone_unknown. */
  zoneHistory(name: ZoneName, by: Principal): Promise<PastVersion[]>;

  /** What does not work: members that fail or are disabled, and zones that members refused. */
  failures(by: Principal): ClusterFailures;

  /** Takes what persons did to the zone files on disk. Root's alone. */
  rescanZones(by: Principal): Promise<RescanResult>;

  status(by: Principal): Promise<ClusterStatus>;
  setClustering(on: boolean, by: Principal): Promise<void>;
  /**
   * Changes options of the cluster; what is not named stays. Root's alone. `seen`: the revision of these options that the change was
   * made from. Rejects with parameter_invalid, changed_meanwhile.
   */
  configure(change: Partial<ClusterSettings>, by: Principal, seen?: string): Promise<void>;
  members(by: Principal): MemberStatus[];
  /** The last calls to a member in debug mode, the newest first. */
  transactions(id: string, by: Principal): Transaction[];
  addMember(member: NewMember, by: Principal): Promise<MemberStatus>;
  /** A server asks us to trust it: it is called back, and becomes a standalone member. */
  trustMember(request: TrustRequest, by: Principal): Promise<MemberStatus>;
  /** Types of members beside the original's wire: those that this principal may add, or all. */
  memberTypes(by?: Principal): readonly MemberType[];
  /**
   * Changes a member's address, credentials, role or values, after it answered with them. `seen`: the revision that the change was made
   * from. Rejects with changed_meanwhile where somebody else changed it by then.
   */
  editMember(id: string, edit: MemberEdit, by: Principal, seen?: string): Promise<MemberStatus>;
  /** Asks a member who it is, now. */
  testMember(id: string, by: Principal): Promise<MemberTest>;
  /** Asks a member's nameserver for a zone's SOA, as `dig` does. */
  askForSoa(id: string, zone: ZoneName, by: Principal): Promise<MemberAnswer>;
  /** The text of a zone as a member has it. Rejects with zone_not_at_member. */
  memberZoneText(id: string, zone: ZoneName, by: Principal): Promise<Buffer>;
  /** The certificate that a server shows which is to be added. */
  lookAtServer(host: string, port: number | undefined, by: Principal): Promise<LookedAt>;
  /** `seen`: the role that it is to have till now. Rejects with changed_meanwhile. */
  setMemberRole(id: string, role: Role, by: Principal, seen?: string): Promise<MemberStatus>;
  enableMember(id: string, by: Principal): Promise<MemberStatus>;
  disableMember(id: string, by: Principal): Promise<MemberStatus>;
  /** The removals that are held for a member may go. */
  allowRemovals(id: string, by: Principal): Promise<MemberStatus>;
  removeMember(id: string, by: Principal): Promise<void>;
}
