import { accountOf, ownsOrIsRoot, type Principal } from '../../access/principal.js';
import type { MemberFailure } from '../../members/member-backend.js';
import { TRUST_KINDS, type TrustKind } from '../../members/cpanel/trust.js';
import { CPANEL, type MemberValues } from '../../members/member-type.js';

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

/** Members of root serve every account's zones; a reseller's member serves only theirs. */
export const ROOT = 'root';

/** What the state file keeps of every member. */
interface MemberRow {
  /** Stable id of this row. */
  id: string;
  role: Role;
  /** The host name that it said it has. */
  hostname: string;
  /** Version that it announced last. */
  version: string;
  /** The account that owns this row: root's members serve everybody's zones, a reseller's only theirs. */
  owner: string;
  /** Set where the failure threshold or an administrator took it out. ISO time. */
  disabledAt?: string;
  disabledReason?: string;
  /** How the call failed that took it out; absent where it was an administrator. */
  disabledFailure?: MemberFailure;
  /** By the failure threshold: it may be enabled again by itself. */
  disabledByThreshold?: boolean;
}

/** Keys that were accepted by this server itself. */
export interface KeptRenewal {
  /** ISO time. */
  at: string;
  /** What was accepted before. */
  from: { fingerprint: string; keyPin: string };
  /** Pins of the keys that followed, each signed by the one before; the last is the one that was shown. */
  keys: string[];
  fingerprint: string;
  /** ISO time at which somebody took it back. */
  takenBackAt?: string;
}

/** A member with an address and a certificate of its own. */
export interface ServerMember extends MemberRow {
  type: typeof CPANEL;
  /** Host name or address, as the operator gave it, without a port. */
  host: string;
  /** Port of its API. */
  port: number;
  /** Port on which its nameserver answers. */
  dnsPort: number;
  user: string;
  /** The token for its API. A secret: never in a log, a page or an error. */
  token: string;
  /** SHA-256 fingerprint of its certificate, upper-case hex pairs with colons, as it was accepted last. */
  fingerprint: string;
  /** By what it is known; rows of before there was a choice have none: by this certificate. */
  trust?: TrustKind;
  /** Of the accepted certificate's key (key-pin.ts). */
  keyPin?: string;
  /** The authority, in PEM; empty for the public ones. */
  ca?: string;
  /** Keys that were accepted because the one before signed them, the oldest first. */
  renewals?: KeptRenewal[];
  /** Debug mode: calls to it and its answers are kept for debugging. */
  debug?: boolean;
}

/** A member of a type with fields of its own. */
interface TypedMember extends MemberRow {
  /** As `softlayer`; never `cpanel`. */
  type: string;
  /** The values of the type's fields, some of them secrets. */
  values: MemberValues;
}

/** A member as kept in the state file. */
export type Member = ServerMember | TypedMember;

export function isServer(member: Member): member is ServerMember {
  return isServerType(member.type);
}

/**
 * Are members of this type servers, with an address and a certificate to accept? Else they are what their type's fields
 * say.
 */
export function isServerType(type: string): boolean {
  return type === CPANEL;
}

/** What its type's fields hold, its secrets too. */
export function valuesOf(member: Member): MemberValues {
  if (!isServer(member)) return member.values;
  const { host, port, dnsPort, user, token, fingerprint, debug = false } = member;
  const { trust = 'certificate', keyPin = '', ca = '' } = member;
  const trusted = { fingerprint, trust, keyPin, ca, refusedKeys: refusedKeysOf(member).join(',') };
  return { host, port: `${port}`, dnsPort: `${dnsPort}`, user, token, ...trusted, debug: debug ? '1' : '0' };
}

/** The row of a member whose type's fields hold these values. */
export function memberWith(type: string, values: MemberValues, row: MemberRow): Member {
  if (!isServerType(type)) return { ...row, type, values };
  const { host = '', port, dnsPort, user = '', token = '', fingerprint = '', debug } = values;
  const address = { host, port: Number(port), dnsPort: Number(dnsPort), user, token, fingerprint };
  const { keyPin = '', ca = '' } = values;
  const trust = TRUST_KINDS.find((kind) => kind === values['trust']) ?? 'certificate';
  return { ...row, type: CPANEL, ...address, trust, keyPin, ca, debug: debug === '1' };
}

/** Is it, after an edit, maybe another server than before, by what it shows? A renewal with the same key is none. */
export function showsOther(before: Member, after: Member): boolean {
  if (!isServer(before) || !isServer(after) || before.fingerprint === after.fingerprint) return false;
  const hasSameKey = (before.keyPin ?? '') !== '' && before.keyPin === after.keyPin;
  return !hasSameKey && !(before.trust === 'ca' && after.trust === 'ca' && before.host === after.host);
}

/** That by which the present key was accepted, where no person did. */
export function presentRenewal<T extends { keys: readonly string[]; takenBackAt?: string | undefined }>(of: {
  renewals?: readonly T[] | undefined;
  keyPin?: string | undefined;
}): T | undefined {
  return of.renewals?.findLast((one) => one.takenBackAt === undefined && one.keys.at(-1) === of.keyPin);
}

/** Keys that somebody took back. */
function refusedKeysOf({ renewals = [] }: ServerMember): string[] {
  return renewals.flatMap(({ keys, takenBackAt }) => (takenBackAt === undefined ? [] : keys));
}

/** Is this row one that `by` may see and change? */
export function mayUse(by: Principal, member: Member): boolean {
  return ownsOrIsRoot(by, member.owner);
}

/** Whose a member is, or a new zone, that this principal adds. */
export function ownerOf(by: Principal): string {
  return by.kind === 'root' ? ROOT : accountOf(by);
}

/** May this member get and give this account's zones? A reseller's server deals only with that reseller's own. */
export function serves(member: Member, account: string): boolean {
  return member.owner === ROOT || member.owner === account;
}
