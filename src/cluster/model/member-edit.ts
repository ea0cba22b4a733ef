import { defined } from '../../operations/defined.js';
import type { TrustKind } from '../../members/cpanel/trust.js';
import { isServer, valuesOf, type Member, type Role } from './member.js';
import { revisionOf } from '../../state/revision.js';
import type { NewMember } from './member-status.js';

/** What a person sees of a member and can change. */
export const EDITABLE = [
  ...(['host', 'port', 'dnsPort', 'user', 'fingerprint', 'trust', 'keyPin', 'ca', 'role', 'debug', 'values'] as const),
];

/** What is to be different of a member; what is absent stays. */
export interface MemberEdit {
  host?: string;
  port?: number;
  dnsPort?: number;
  user?: string;
  token?: string;
  /** The certificate that the operator accepted. */
  fingerprint?: string;
  /** By what it is known from then on. */
  trust?: TrustKind;
  /** The authority, in PEM; empty for the public ones. */
  ca?: string;
  role?: Role;
  debug?: boolean;
  /** Of a type with fields of its own, by their names. */
  values?: Readonly<Record<string, string>>;
}

/**
 * A member as it would be added with these changes. Its certificate stays pinned as long as its address stays: another
 * address is another server until it has shown its own.
 */
export function editedMember(member: Member, edit: MemberEdit): NewMember {
  const role = edit.role ?? member.role;
  if (!isServer(member)) return { type: member.type, role, values: { ...member.values, ...edit.values } };
  const { dnsPort, user, token, debug = false } = { ...member, ...edit };
  const address = { host: edit.host ?? member.host, port: edit.port ?? member.port };
  const moved = address.host !== member.host || address.port !== member.port;
  const { trust = 'certificate', ca = '' } = { ...member, ...edit };
  const stays = !moved && (edit.fingerprint ?? member.fingerprint) === member.fingerprint;
  const fingerprint = edit.fingerprint ?? (moved ? undefined : member.fingerprint);
  // A renewed certificate of the same key passes where the key is what is trusted, and nowhere else.
  const keyPin = stays && member.trust === 'key' && trust === 'key' ? member.keyPin : undefined;
  const refusedKeys = valuesOf(member)['refusedKeys'];
  return { ...address, dnsPort, user, token, role, debug, trust, ca, ...defined({ fingerprint, keyPin, refusedKeys }) };
}

/** Names everything of a member that an edit writes, as it is now, its secrets too. */
export function storedRevision(member: Member): string {
  return revisionOf({ stored: editedMember(member, {}) }, ['stored']);
}
