import type { Principal } from '../access/principal.js';
import type { MemberValues } from '../members/member-type.js';
import type { ZoneName } from '../zones/zone-name.js';
import type { SilentNameserver } from './nameserver-probe.js';
import type { PushTotals } from './push-figures.js';

/** This server's view of a member (DESIGN of the original: standalone, sync, write-only). */
export type Role = 'standalone' | 'sync' | 'write-only';

/** Are our changes pushed to a member of this role? Is it asked (zone exists, zone list, newest copy)? */
export const ROLES: Readonly<Record<Role, { writes: boolean; reads: boolean; label: string; explanation: string }>> = {
  standalone: {
    writes: false,
    reads: true,
    label: 'Standalone',
    explanation: 'Nothing is sent to it; it is asked for zones when they are needed.',
  },
  sync: {
    writes: true,
    reads: true,
    label: 'Synchronize Changes',
    explanation: 'Every change is sent to it, and it is asked for zones when they are needed.',
  },
  'write-only': {
    writes: true,
    reads: false,
    label: 'Write-Only',
    explanation: 'Every change is sent to it; it is never asked.',
  },
};

/** The member type of the original's wire: a cPanel & WHM server, or another node of this software. */
export const CPANEL = 'cpanel';
/** Members of root serve every account's zones; a reseller's member serves only theirs. */
export const ROOT = 'root';

/** A member as kept in the state file. */
export interface Member {
  /** Stable id of this row. */
  id: string;
  /** Member type, as `cpanel` or `softlayer`. */
  type: string;
  /** Host name or address, as the operator gave it, without a port. */
  host: string;
  /** Port of its API. */
  port: number;
  /** Port on which its nameserver answers. */
  dnsPort: number;
  user: string;
  /** The token for its API. A secret: never in a log, a page or an error. */
  token: string;
  role: Role;
  /** SHA-256 fingerprint of its certificate, upper-case hex pairs with colons, pinned when it was added. */
  fingerprint: string;
  /** The host name that it said it has. */
  hostname: string;
  /** Version that it announced last. */
  version: string;
  /** The account that owns this row: root's members serve everybody's zones, a reseller's only theirs. */
  owner: string;
  /** Set where the failure threshold or an administrator took it out. ISO time. */
  disabledAt?: string;
  disabledReason?: string;
  /** By the failure threshold: it may be enabled again by itself. */
  disabledByThreshold?: boolean;
  /** Debug mode: what is said to it and by it is kept for a look. */
  debug?: boolean;
  /** Of other types than `cpanel`: the values of the type's fields, some of them secrets. */
  values?: MemberValues;
}

/** Is this row one that `by` may see and change? */
export function mayUse(by: Principal, member: Member): boolean {
  return by.kind === 'root' || member.owner === by.user;
}

/** Whose a member is, or a new zone, that this principal adds. */
export function ownerOf(by: Principal): string {
  return by.kind === 'root' ? ROOT : by.user;
}

/** Are this account's zones any of this member's business? A reseller's server neither gets nor gives those of others. */
export function serves(member: Member, account: string): boolean {
  return member.owner === ROOT || member.owner === account;
}

/** What an operator gives to add a member. */
export type NewMember = NewCpanelMember | NewTypedMember;

/** Of another type than the original's wire. */
export interface NewTypedMember {
  type: string;
  /** By the names of the type's fields. */
  values: Readonly<Record<string, string>>;
  role: Role;
}

/** What came of the wish that a member adds us, too. */
export interface ReverseTrust {
  established: boolean;
  /** In the member's words, or why it could not be asked. */
  said: string;
}

export interface NewCpanelMember {
  host: string;
  port?: number;
  dnsPort?: number;
  user: string;
  token: string;
  role: Role;
  /** The certificate that the operator accepted; where absent, the one that the member shows now is pinned. */
  fingerprint?: string;
  /** Setup Reverse Trust Relationship: it is asked to add this server, too, with a token that is made for it. */
  reverseTrust?: boolean;
  debug?: boolean;
}

/** A member as shown: everything but its secrets, and how it is doing. */
export interface MemberStatus extends Omit<Member, 'token'> {
  /** Only in the answer to its adding, where it was asked for. */
  reverseTrust?: ReverseTrust;
  /** Zones of which it can't hold every record, with what was left out: at most 20. */
  leftOut?: { zone: ZoneName; records: readonly string[] }[];
  state: 'online' | 'failing' | 'disabled';
  /** Failed commands in a row, and the last failure's sentence. */
  failures: number;
  lastFailure?: string;
  /** Its nameserver did not answer the health checker's last question. */
  silentNameserver?: SilentNameserver;
  /** ISO time of the last successful call. */
  lastContact?: string;
  /** When its certificate ends (ISO time): it has another one then, which must be accepted. */
  certificateEnds?: string;
  /** Zones that it should hold, and those of them that it acknowledged. */
  zones: number;
  zonesInSync: number;
  /** Zones waiting to be sent, and since when (ISO time). */
  pending: number;
  pendingSince?: string;
  /** What was sent to it since this server started. */
  pushes?: PushTotals;
  /** Removals that wait until somebody has looked at them, because too much of what it holds would go: the first 200 names, and how many. */
  removalsHeld?: { count: number; zones: readonly ZoneName[] };
  /** Looks in a row that it has answered while it is disabled, of those after which it is enabled by itself. */
  recovering?: number;
  /** How long its last answers to the health check took, whole milliseconds, the oldest first; null where none came. */
  latency?: readonly (number | null)[];
}

/** What a server sends that wants to be trusted. */
export interface TrustRequest {
  /** Where it is to be called back. */
  address: string;
  user: string;
  token: string;
}

/** What a member answered when it was tested. */
export interface MemberTest {
  version: string;
  hostname: string;
  /** How long the answer took. */
  milliseconds: number;
  /** Its nameserver did not answer. */
  silentNameserver?: SilentNameserver;
}

/** A server before it is added: where it is, and the certificate that it shows. */
export interface LookedAt {
  host: string;
  port: number;
  fingerprint: string;
}
