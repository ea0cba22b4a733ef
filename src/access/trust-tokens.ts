import type { Principal } from './principal.js';
import type { TokenStore } from './tokens.js';

/** Tokens for servers that are to call us, with the one privilege that they need, of the account that wants it so. */
export function trustTokens(tokens: TokenStore): {
  issue: (name: string, by: Principal) => Promise<string>;
  revoke: (name: string, by: Principal) => Promise<void>;
} {
  return {
    issue: async (name, by) => {
      const { user, kind } = by;
      const { secret } = await tokens.create({ user, kind, name, privileges: ['clustering'] }, by);
      return secret;
    },
    revoke: (name, by) => tokens.revoke(by.user, name, by),
  };
}
