import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Log } from '../operations/log.js';
import { JsonState } from '../state/json-state.js';

/** A token as it is kept. */
const storedToken = z.object({
  name: z.string(),
  user: z.string(),
  /** The host's lasting id of that user, where it has one: another user of the same name is somebody else. */
  userId: z.string().optional(),
  kind: z.enum(['root', 'reseller']),
  privileges: z.array(z.string()),
  /** SHA-256 of the secret, hex. The secret has 256 random bits, so a slow hash would add nothing. */
  hash: z.string(),
  /** ISO time. */
  created: z.string(),
  /** ISO time, written a while after the use. */
  lastUsed: z.string().optional(),
  /** Unix seconds. */
  expiresAt: z.number().optional(),
  addresses: z.array(z.string()).optional(),
  /** ISO time: since then it is refused for good, because its user was gone. */
  ended: z.string().optional(),
});
export type StoredToken = z.infer<typeof storedToken>;
/** A token as it may be shown. */
export type Token = Omit<StoredToken, 'hash'>;

const schema = z.object({
  tokens: z.array(storedToken),
  /** Are remote access keys taken? */
  accessKeys: z.boolean().optional(),
});
export type TokenState = JsonState<z.infer<typeof schema>>;

/** The file of the tokens. One that was revoked does not come back with an old file. */
export function openTokens(file: string, log: Log): Promise<TokenState> {
  return JsonState.open(file, {
    ...{ schema, defaults: () => ({ tokens: [] }), log },
    ending: {
      ids: ({ tokens }) => tokens.map(({ hash }) => hash),
      without: (data, hasEnded) => ({ ...data, tokens: data.tokens.filter(({ hash }) => !hasEnded(hash)) }),
    },
  });
}

/** Hex digits of a hash by which it is looked up; the rest is compared in constant time. */
const LOOKUP = 8;

export function shown({ hash: _hash, ...token }: StoredToken): Token {
  return token;
}

export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** Finds tokens by their secrets. */
export class TokenLookup {
  #of: readonly StoredToken[] = [];
  #byStart = new Map<string, StoredToken[]>();

  /**
   * Which of `tokens`, a list that never changes, has this secret. It may come with line ends, as remote access keys
   * do.
   */
  find(tokens: readonly StoredToken[], secret: string): StoredToken | undefined {
    if (this.#of !== tokens) {
      this.#of = tokens;
      this.#byStart = new Map();
      for (const token of tokens) {
        const start = token.hash.slice(0, LOOKUP);
        this.#byStart.set(start, [...(this.#byStart.get(start) ?? []), token]);
      }
    }
    const hash = hashOf(secret.replaceAll(/[\r\n]/g, ''));
    // Hardly ever more than one, of any number.
    const alike = this.#byStart.get(hash.slice(0, LOOKUP)) ?? [];
    return alike.find((token) => timingSafeEqual(Buffer.from(token.hash), Buffer.from(hash)));
  }
}
