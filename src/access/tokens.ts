import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { ClusterError } from '../errors.js';
import type { Log } from '../operations/log.js';
import { JsonState } from '../state/json-state.js';
import type { Principal } from './principal.js';

const tokenSchema = z.object({
  name: z.string(),
  user: z.string(),
  kind: z.enum(['root', 'reseller']),
  privileges: z.array(z.string()),
  /** SHA-256 of the secret, hex. The secret has 256 random bits, so a slow hash would add nothing. */
  hash: z.string(),
  /** ISO time. */
  created: z.string(),
});
const schema = z.object({ tokens: z.array(tokenSchema) });

type Stored = z.infer<typeof tokenSchema>;
/** A token as it may be shown. */
export type Token = Omit<Stored, 'hash'>;

export interface NewToken {
  user: string;
  kind: 'root' | 'reseller';
  name: string;
  privileges: readonly string[];
}

const NAME = /^[A-Za-z0-9_-]{1,50}$/;
const MOST_TOKENS = 10_000;

/** API tokens: kept as hashes, their secrets are shown once. */
export class TokenStore {
  readonly #state: JsonState<z.infer<typeof schema>>;
  /** When each was last used, by its hash; in memory, since it changes with every call. */
  readonly #used = new Map<string, number>();

  private constructor(state: JsonState<z.infer<typeof schema>>) {
    this.#state = state;
  }

  static async open(file: string, { log }: { log: Log }): Promise<TokenStore> {
    return new TokenStore(await JsonState.open(file, { schema, defaults: () => ({ tokens: [] }), log }));
  }

  /** Makes a token; `secret` is returned here and never again. Rejects with token_invalid. */
  async create({ user, kind, name, privileges }: NewToken): Promise<{ secret: string; token: Token }> {
    if (!NAME.test(name)) {
      throw new ClusterError('token_invalid', {
        name: name.slice(0, 60),
        why: 'a name is 1 to 50 letters, digits, "_" and "-"',
      });
    }
    const secret = randomBytes(32).toString('base64url');
    const stored: Stored = {
      name,
      user,
      kind,
      privileges: [...privileges],
      hash: hashOf(secret),
      created: new Date().toISOString(),
    };
    await this.#state.update(({ tokens }) => {
      const refuse = (why: string): never => {
        throw new ClusterError('token_invalid', { name, why });
      };
      if (tokens.some((other) => other.user === user && other.name === name))
        refuse(`${user} has a token of this name already`);
      if (tokens.length >= MOST_TOKENS) refuse(`there are ${MOST_TOKENS} tokens, more are not allowed`);
      tokens.push(stored);
    });
    return { secret, token: shown(stored) };
  }

  /**
   * Who holds this secret; undefined where nobody does, or not this user. `user` is what the caller said, where they said one.
   * A secret may come with line ends, as legacy access hashes do.
   */
  verify(user: string | undefined, secret: string): Principal | undefined {
    const hash = Buffer.from(hashOf(secret.replaceAll(/[\r\n]/g, '')));
    const found = this.#state.data.tokens.find((token) => timingSafeEqual(Buffer.from(token.hash), hash));
    if (found === undefined || (user !== undefined && user !== found.user)) return undefined;
    this.#used.set(found.hash, Date.now());
    return { user: found.user, kind: found.kind, privileges: found.privileges, via: { token: found.name } };
  }

  /** The tokens of one user, or of all. `lastUsed` is since the start of this program. */
  list(user?: string): (Token & { lastUsed?: string })[] {
    const listed = this.#state.data.tokens.filter((token) => user === undefined || token.user === user);
    return listed.map((token) => {
      const used = this.#used.get(token.hash);
      return { ...shown(token), ...(used === undefined ? {} : { lastUsed: new Date(used).toISOString() }) };
    });
  }

  /** From now on its secret is refused. Rejects with token_unknown. */
  async revoke(user: string, name: string): Promise<void> {
    await this.#state.update((draft) => {
      const kept = draft.tokens.filter((token) => token.user !== user || token.name !== name);
      if (kept.length === draft.tokens.length)
        throw new ClusterError('token_unknown', { name: name.slice(0, 60), user: user.slice(0, 60) });
      draft.tokens = kept;
    });
  }

  async close(): Promise<void> {
    await this.#state.close();
  }
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

function shown({ hash: _hash, ...token }: Stored): Token {
  return token;
}
