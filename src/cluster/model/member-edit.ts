import { defined } from '../../operations/defined.js';
import { isServer, type Member, type Role } from './member.js';
import { revisionOf } from '../../state/revision.js';
import type { NewMember } from './member-status.js';

/** What a person sees of a member and can change. */
export const EDITABLE = ['host', 'port', 'dnsPort', 'user', 'fingerprint', 'role', 'debug', 'values'] as const;

/** What is to be different of a member; what is absent stays. */
export interface MemberEdit {
  host?: string;
  port?: number;
  dnsPort?: number;
  user?: string;
  token?: string;
  /** The certificate that the operator accepted. */
  fingerprint?: string;
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
  const fingerprint = edit.fingerprint ?? (moved ? undefined : member.fingerprint);
  return { ...address, dnsPort, user, token, role, debug, ...defined({ fingerprint }) };
}

/** Names everything of a member that an edit writes, as it is now, its secrets too. */
export function storedRevision(member: Member): string {
  return revisionOf({ stored: editedMember(member, {}) }, ['stored']);
}
