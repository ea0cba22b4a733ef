import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { ClusterError, sentenceOf } from '../errors.js';
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
  /** ISO time, written a while after the use. */
  lastUsed: z.string().optional(),
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
/** Uses are written together, at most so often, milliseconds: a peer may call many times a second. */
const WRITE_USES_AFTER = 60_000;
/** Hex digits of a hash by which it is looked up; the rest is compared in constant time. */
const LOOKUP = 8;

/** API tokens: kept as hashes, their secrets are shown once. */
export class TokenStore {
  readonly #state: JsonState<z.infer<typeof schema>>;
  readonly #log: Log;
  /** Uses that are not written yet: hash → time. At most one for each token. */
  readonly #used = new Map<string, string>();
  #writing: NodeJS.Timeout | undefined;
  #lookup: { of: readonly Stored[]; byStart: Map<string, Stored[]> } | undefined;

  private constructor(state: JsonState<z.infer<typeof schema>>, log: Log) {
    this.#state = state;
    this.#log = log;
  }

  static async open(file: string, { log }: { log: Log }): Promise<TokenStore> {
    return new TokenStore(await JsonState.open(file, { schema, defaults: () => ({ tokens: [] }), log }), log);
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
    const hash = hashOf(secret.replaceAll(/[\r\n]/g, ''));
    const found = this.#startingAs(hash).find((token) => timingSafeEqual(Buffer.from(token.hash), Buffer.from(hash)));
    if (found === undefined || (user !== undefined && user !== found.user)) return undefined;
    this.#used.set(hash, new Date().toISOString());
    this.#writing ??= setTimeout(() => void this.#writeUses(), WRITE_USES_AFTER).unref();
    return { user: found.user, kind: found.kind, privileges: found.privileges, via: { token: found.name } };
  }

  /** The tokens of one user, or of all. */
  list(user?: string): Token[] {
    const listed = this.#state.data.tokens.filter((token) => user === undefined || token.user === user);
    return listed.map((token) => shown(this.#withUse(token)));
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
    await this.#writeUses();
    await this.#state.close();
  }

  /** Tokens whose hash starts as this one: hardly ever more than one, of any number. */
  #startingAs(hash: string): readonly Stored[] {
    const { tokens } = this.#state.data;
    // Every update brings a new list.
    if (this.#lookup?.of !== tokens) {
      const byStart = new Map<string, Stored[]>();
      for (const token of tokens) {
        const start = token.hash.slice(0, LOOKUP);
        byStart.set(start, [...(byStart.get(start) ?? []), token]);
      }
      this.#lookup = { of: tokens, byStart };
    }
    return this.#lookup.byStart.get(hash.slice(0, LOOKUP)) ?? [];
  }

  #withUse(token: Stored): Stored {
    const lastUsed = this.#used.get(token.hash) ?? token.lastUsed;
    return lastUsed === undefined ? token : { ...token, lastUsed };
  }

  async #writeUses(): Promise<void> {
    clearTimeout(this.#writing);
    this.#writing = undefined;
    if (this.#used.size === 0) return;
    let written = new Map<string, string>();
    try {
      await this.#state.update((draft) => {
        written = new Map(this.#used);
        draft.tokens = draft.tokens.map((token) => this.#withUse(token));
      });
    } catch (error) {
      // Nobody waits for it; the next use tries again.
      this.#log.warn({ error: sentenceOf(error) }, 'the last uses of tokens could not be written');
      return;
    }
    for (const [hash, time] of written) if (this.#used.get(hash) === time) this.#used.delete(hash);
  }
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

function shown({ hash: _hash, ...token }: Stored): Token {
  return token;
}
