import type { MemberFailure } from '../../members/member-backend.js';
import type { MemberValues } from '../../members/member-type.js';
import type { TrustKind } from '../../members/cpanel/trust.js';
import type { KeptRenewal, Role } from './member.js';
import type { ZoneName } from '../../zones/zone-name.js';

/** By which ways a member's nameserver did not answer when it was asked last, and since when. */
export interface SilentNameserver {
  /** `UDP`, `TCP`; both where it is down or a firewall stands before it. */
  over: readonly ('UDP' | 'TCP')[];
  /** The sentence of the first of them. */
  why: string;
  /** ISO time of the first probe in a row without an answer. */
  since: string;
}

/** What was sent to a member since this server started. */
export interface PushTotals {
  calls: number;
  /** Calls that failed as a whole. */
  failures: number;
  /** Zones in calls that came through. */
  zones: number;
  /** How long all calls together took. */
  seconds: number;
}

/** What an operator gives to add a member. */
export type NewMember = NewCpanelMember | NewTypedMember;

/** Of another type than the original's wire. */
interface NewTypedMember {
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
  /** The certificate that the operator accepted; where absent, the one that the member shows now is accepted. */
  fingerprint?: string;
  /** By what it is known; where absent, by the key of that certificate. */
  trust?: TrustKind;
  /** The authority, in PEM; the public ones where it is absent or empty. */
  ca?: string;
  /** Of a member that is in the table: its accepted key, and keys that were taken back. */
  keyPin?: string;
  refusedKeys?: string;
  /** Setup Reverse Trust Relationship: it is asked to add this server, too, with a token that is made for it. */
  reverseTrust?: boolean;
  debug?: boolean;
}

/** A member as shown, and how it is doing. What is not listed here is shown to nobody. */
export interface MemberStatus {
  id: string;
  type: string;
  /** Of a server as it was given; else the name of the service. */
  host: string;
  /** 0 where it is no server. */
  port: number;
  /** 0 where it is no server. */
  dnsPort: number;
  /** Empty where its type has no `username`. */
  user: string;
  role: Role;
  /** Empty where it is no server. */
  fingerprint: string;
  /** By what it is known; absent where it is no server. */
  trust?: TrustKind;
  /** Of its accepted key; empty where that was not kept. */
  keyPin?: string;
  ca?: string;
  /** Keys that this server accepted by itself, the oldest first. */
  renewals?: readonly KeptRenewal[];
  hostname: string;
  version: string;
  owner: string;
  disabledAt?: string;
  disabledReason?: string;
  disabledByThreshold?: boolean;
  debug?: boolean;
  /** Of a type with fields of its own: those that are no secrets. */
  values?: MemberValues;
  /** Only in the answer to its adding, where it was asked for. */
  reverseTrust?: ReverseTrust;
  /** Zones of which it can't hold every record, with what was left out: at most 20. */
  leftOut?: { zone: ZoneName; records: readonly string[] }[];
  state: 'online' | 'failing' | 'disabled';
  /** Failed commands in a row, the last failure's sentence, and how that call failed. */
  failures: number;
  lastFailure?: string;
  lastFailureKind?: MemberFailure;
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
  /** Removals that wait for a person, because the member would lose too much: the first 200 names, and the count. */
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
