import { ClusterError } from '../errors.js';
import { defined } from '../operations/defined.js';
import type { StoredToken } from './stored-token.js';
import type { TokenTerms } from './token-terms.js';

/** The name that a user's remote access key is kept by: no token can have it. */
export const ACCESS_KEY = 'remote access key';
/** Of root, and of all others together. */
const MOST_TOKENS = 10_000;
/** Of one account that is not root's. */
const MOST_OF_ACCOUNT = 200;

export function isKey({ name }: StoredToken): boolean {
  return name === ACCESS_KEY;
}

/** Without what is not wanted: an absent field takes no room in the file. */
export function termsOf({ expiresAt, addresses = [] }: TokenTerms): { expiresAt?: number; addresses?: string[] } {
  return {
    ...defined({ expiresAt }),
    ...(addresses.length === 0 ? {} : { addresses: [...addresses] }),
  };
}

/** What its holder passes on with each token that is made with it. */
export function limitsOf(token: TokenTerms): { limits?: TokenTerms } {
  const limits = termsOf(token);
  return Object.keys(limits).length === 0 ? {} : { limits };
}

/** Throws token_invalid where this account, or all together, have too many. What others have never stops root. */
export function add(tokens: StoredToken[], token: StoredToken): void {
  const refuse = (whose: string, count: number): never => {
    const why = `${whose} ${count} tokens, more are not allowed; revoke some`;
    throw new ClusterError('token_invalid', { name: token.name, why });
  };
  const alike = tokens.filter(({ kind, ended }) => kind === token.kind && ended === undefined);
  if (alike.length >= MOST_TOKENS) refuse('there are', MOST_TOKENS);
  const own = alike.filter(({ user }) => user === token.user).length;
  if (token.kind !== 'root' && own >= MOST_OF_ACCOUNT) refuse(`${token.user} has`, MOST_OF_ACCOUNT);
  tokens.push(token);
}

export function refuseTaken(tokens: readonly StoredToken[], user: string, name: string): void {
  if (!tokens.some((other) => other.user === user && other.name === name)) return;
  throw new ClusterError('token_invalid', {
    name,
    why: `${user} has a token of this name already; choose another name`,
  });
}

export function unknown(user: string, name: string): ClusterError {
  return new ClusterError('token_unknown', { name: name.slice(0, 60), user: user.slice(0, 60) });
}
