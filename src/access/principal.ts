import type { TokenTerms } from './token-terms.js';

/** Who acts: a user of the host panel, or a token of one. */
export interface Principal {
  user: string;
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

/** May `principal` see or change what `owner` owns? */
export function ownsOrIsRoot(principal: Principal, owner: string): boolean {
  return principal.kind === 'root' || principal.user === owner;
}

/** This program acting by itself: imports, catch-up, health checks. */
export const SELF: Principal = { user: 'root', kind: 'root', privileges: ['all'], via: { self: true } };

/** Who did something, and how they came, as kept in logs and histories. */
export interface Actor {
  user: string;
  via: string;
}

/** Who it is and how they came, in words: `page`, `token NAME`, or `this server`. */
export function actorOf({ user, via }: Principal): Actor {
  if ('token' in via) return { user, via: `token ${via.token}` };
  if (!('session' in via)) return { user, via: 'this server' };
  return { user, via: via.actor === undefined ? 'page' : `page, by ${via.actor}` };
}
