import { ClusterError } from '../errors.js';
import { hasPrivilege, type Principal } from './principal.js';

/** What lets a token make, change and revoke tokens of its user. */
export const MANAGE_TOKENS = 'manage-api-tokens';

/** What a token may be allowed; `all` is everything that its user may do. */
export const PRIVILEGES = [
  { name: 'clustering', explanation: 'For another server of the cluster: it may read and change zones here.' },
  { name: MANAGE_TOKENS, explanation: 'For programs that make and revoke tokens: none can do more than theirs.' },
  { name: 'all', explanation: 'For programs of the administrator: everything.' },
] as const;

/** May `principal` manage tokens of their own? A person who is logged in may. */
export function managesTokens(principal: Principal): boolean {
  return !('token' in principal.via) || hasPrivilege(principal, MANAGE_TOKENS);
}

/** May `principal` give this privilege to a token? Nobody gives what they don't have. */
export function mayGive(principal: Principal, privilege: string): boolean {
  if (privilege === 'all') return principal.privileges.includes('all');
  return hasPrivilege(principal, privilege) || (privilege === MANAGE_TOKENS && managesTokens(principal));
}

/** Throws privilege_missing with the first of `privileges` that `principal` may not give. */
export function authorizeGiving(principal: Principal, privileges: readonly string[]): void {
  const missing = privileges.find((privilege) => !mayGive(principal, privilege));
  if (missing !== undefined) throw new ClusterError('privilege_missing', { privilege: missing.slice(0, 60) });
}

/** The same for what a token ends or replaces. A person may end whatever is theirs. */
export function authorizeEnding(principal: Principal, privileges: readonly string[]): void {
  if ('token' in principal.via) authorizeGiving(principal, privileges);
}

/** Throws token_invalid where one of `privileges` is none. */
export function checkPrivileges(name: string, privileges: readonly string[]): void {
  const unknown = privileges.find((privilege) => !PRIVILEGES.some((known) => known.name === privilege));
  if (unknown === undefined && privileges.length > 0) return;
  const names = PRIVILEGES.map((known) => known.name).join(', ');
  const why = unknown === undefined ? 'it has no privilege' : `there is no privilege "${unknown.slice(0, 60)}"`;
  throw new ClusterError('token_invalid', { name, why: `${why}; select at least one of ${names}` });
}
