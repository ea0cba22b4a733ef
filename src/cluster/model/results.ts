import type { ClusterError } from '../../errors.js';
import type { DnsAddress, NameserverStatus } from '../../nameservers/nameserver.js';
import type { ZoneName } from '../../zones/zone-name.js';
import type { ZoneHome } from '../../zones/home.js';
import type { ZoneEntry } from '../../zones/zone-index.js';
import type { ClusterSettings } from './cluster-state.js';
import type { MemberStatus } from './member-status.js';

/** How far one zone has come at one member. */
export interface MemberZoneState {
  member: string;
  hostname: string;
  /**
   * `served`: its nameserver answered with our serial. `acknowledged`: it took the zone, not yet seen in DNS.
   * Only in the answer to a removal: `removed`: it dropped the zone; `kept`: it goes on with it.
   */
  state: 'served' | 'acknowledged' | 'pending' | 'failed' | 'disabled' | 'removed' | 'kept';
  /** The sentence for pending, failed and disabled. */
  reason?: string;
  /** Serial that its nameserver answered last, and when (ISO time). */
  serial?: number;
  seenAt?: string;
}

/** The answer to a change: what is on disk, what the local nameserver does with it, and how far each member is. */
export interface ChangeResult {
  zone: ZoneName;
  change: 'created' | 'saved' | 'unchanged' | 'removed';
  /** What is held now; absent for a removal. */
  serial?: number;
  digest?: string;
  /** True where the serial that was given had to be lifted (never backwards). */
  lifted: boolean;
  local: { state: 'served' | 'pending'; reason?: string };
  members: MemberZoneState[];
  warnings: string[];
  /** Of a removal: members were not told of it. */
  isKept?: true;
  /** Another server has this zone, too, and its version was replaced. */
  conflictWith?: string;
}

/** One zone's outcome in a batch: a poison zone never stops the others. */
export type BatchOutcome = { zone: ZoneName; result: ChangeResult } | { zone: ZoneName; error: ClusterError };

/** What a server says of a change that it sends on. */
export interface Sender {
  /** Servers that passed it on until it came here, by host name: it is not sent back to them. */
  hostsSeen: readonly string[];
  /** The server to which the zone belongs. */
  claimed?: ZoneHome | undefined;
  /** Of a save: whose it is known to be here counts before that, up to the same epoch. */
  isUnsure?: boolean | undefined;
  /** Of a save: the sender hands the zone over to the one that it names; what that one sent before stays. */
  isLeft?: boolean | undefined;
  /**
   * Of a save by the server that the zone belongs to: the last serial of it that this server took, as far as that one
   * knows; null where it knows of none. Absent where it does not say.
   */
  lastGiven?: number | null | undefined;
}

export interface ChangeOptions {
  /** Wait until it is on disk and in the local nameserver, or until members serve it too. Default `served`. */
  wait?: 'local' | 'served';
  /** Longest wait for members, milliseconds. Default 5000. A member that is known to be down is not waited for. */
  timeout?: number;
  /** The server that sends this change on; absent where it is made here. */
  sender?: Sender;
  /**
   * Of a save: the text that it replaces; `none`: the zone is not here; `damaged`: its file is missing or can't be
   * used. Where it is otherwise by then, nothing is changed (zone_file_changed, zone_exists, zone_file_sound).
   */
  ifText?: Buffer | 'none' | 'damaged' | undefined;
  /** To restore a zone: the serial that it was removed with. If it was removed again since: changed_meanwhile. */
  ifRemovedAt?: number | undefined;
  /** Of a removal: also where the zone belongs to another server. */
  evenOfOthers?: boolean;
  /** Of a removal: from this server alone. Members go on with it, and the next server that sends it has it. */
  keepAtMembers?: boolean;
  /** Of a save: the operator took the zone's own statement out of the nameserver's configuration (ZoneChange). */
  switched?: boolean | undefined;
}

/** One zone of many that are saved together. */
export interface ZoneToSave {
  name: ZoneName;
  text: Buffer;
  /** As of its sender. */
  lastGiven?: number | null;
}

/** A zone that was removed here. */
export interface RemovedZone {
  zone: ZoneName;
  /** The last that it had. */
  serial: number;
  /** Milliseconds since 1970. */
  removedAt: number;
  /** Who removed it. */
  user: string;
}

export interface SynchronizeOptions {
  /** All where absent. */
  zones?: readonly ZoneName[] | undefined;
  /** Fetch the newest copies to this server only, or also send all to the members that are written to. */
  direction: 'local' | 'all';
  /** Also zones that are not configured on this server. */
  unconfigured: boolean;
  /** Only say what would be fetched. */
  plan: boolean;
}

export interface SynchronizeResult {
  /** Copies at members that are newer than what is here (`here`: its serial), or of zones that are not here. */
  newer: { zone: ZoneName; member: string; serial: number; here?: number }[];
  /** What became of them. */
  taken: BatchOutcome[];
  /** Members that could not be asked, and zones of theirs that can't be used. */
  unreachable: { member: string; zone?: ZoneName; reason: string }[];
  /** Zones that are sent to members again, counted for each member. */
  resent: number;
}

export interface ClusterFailures {
  members: { member: string; state: 'failing' | 'disabled'; reason: string; pending: number; pendingSince?: string }[];
  /** At most 100 for each member. */
  zones: { member: string; zone: ZoneName; reason: string }[];
}

export interface ClusterStatus {
  hostname: string;
  /** Names that this server had, the last one first: its zones are its own under each of them. */
  formerNames: string[];
  clustering: boolean;
  settings: ClusterSettings;
  zones: number;
  nameserver: NameserverStatus;
  /** Where it answers. */
  dns: DnsAddress;
  members: MemberStatus[];
  /** Zones whose file is missing, or was changed by hand and is not taken: at most 20. */
  damaged: { zone: ZoneName; why: string }[];
  /** Owners that are no users of the host any more, with how many zones each has: told to root. */
  withoutOwner: { owner: string; zones: number }[];
}

/** A zone as lists show it. */
export type ZoneRow = ZoneEntry;

/** How far it is: `asking` members what they hold, `taking` newer copies, `sending` what waits for members. */
export interface SynchronizeProgress {
  phase: 'asking' | 'taking' | 'sending';
  done: number;
  /** 0 where it is not known yet. */
  total: number;
}

export type JobState = 'running' | 'done' | 'cancelled' | 'failed';

/** One synchronization that somebody started: it goes on without them, and they may open it again. */
export interface SynchronizeJob {
  readonly id: string;
  /** ISO time. */
  readonly startedAt: string;
  readonly options: SynchronizeOptions;
  readonly user: string;
  /** Whose it is. */
  readonly account: string;
  readonly state: JobState;
  readonly progress: SynchronizeProgress;
  /** When it is over. */
  readonly result: SynchronizeResult | undefined;
  /** The sentence where it failed. */
  readonly error: string | undefined;
  /** Resolves when it is over; never rejects. */
  readonly over: Promise<void>;
  /** Finished zones are kept; the rest is not begun. */
  cancel(): void;
  /** Calls `gotOn` on each progress, until the function that is returned is called. */
  watch(changed: () => void): () => void;
}
