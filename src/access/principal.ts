import type { TokenTerms } from './token-terms.js';
import { defined } from '../operations/defined.js';

/** Who acts: a user of the host panel, or a token of one. */
export interface Principal {
  user: string;
  /** What is theirs is kept by this, where another user had the name before (Accounts). */
  account?: string;
  /** Root sees and changes everything; a reseller only what is theirs. */
  kind: 'root' | 'reseller';
  /** As `all` or `clustering`. */
  privileges: readonly string[];
  /** How they came: through the panel's session, an API token (its name), or from this program itself. */
  via:
    { session: true; /** Root, who does it for this reseller. */ actor?: string } | { token: string } | { self: true };
  /** Of the token by which they came. */
  limits?: TokenTerms;
}

/** May `principal` do what `privilege` allows? `all` allows everything. */
export function hasPrivilege(principal: Principal, privilege: string): boolean {
  return principal.privileges.includes('all') || principal.privileges.includes(privilege);
}

/** By what the things of this principal are kept. */
export function accountOf({ user, account = user }: Principal): string {
  return account;
}

/** May `principal` see or change what `owner` owns? */
export function ownsOrIsRoot(principal: Principal, owner: string): boolean {
  return principal.kind === 'root' || accountOf(principal) === owner;
}

/** This program acting by itself: imports, catch-up, health checks. */
export const SELF: Principal = { user: 'root', kind: 'root', privileges: ['all'], via: { self: true } };

/** Who did something, and how they came, as kept in logs and histories. */
export interface Actor {
  user: string;
  /** Where another user had the name before. */
  account?: string;
  via: string;
}

/** Who it is and how they came, in words: `page`, `token NAME`, or `this server`. */
export function actorOf({ user, account, via }: Principal): Actor {
  const who = { user, ...defined({ account }) };
  if ('token' in via) return { ...who, via: `token ${via.token}` };
  if (!('session' in via)) return { ...who, via: 'this server' };
  return { ...who, via: via.actor === undefined ? 'page' : `page, by ${via.actor}` };
}

/** Did `principal` do this? Root sees what everybody did. */
export function didOrIsRoot(
  principal: Principal,
  { user, account = user }: { user: string; account?: string | undefined },
): boolean {
  return ownsOrIsRoot(principal, account);
}
