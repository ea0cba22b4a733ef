import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { ClusterError, sentenceOf } from '../errors.js';
import type { AuditLog } from '../operations/audit-log.js';
import { defined } from '../operations/defined.js';
import type { Log } from '../operations/log.js';
import { JsonState } from '../state/json-state.js';
import { refuseChanged, revisionOf } from '../state/revision.js';
import { actorOf, SELF, type Principal } from './principal.js';
import { hashOf, shown, storedToken, TokenLookup, type StoredToken, type Token } from './stored-token.js';
import { checkTerms, checkTokenName, isAllowedFrom, isExpired, type TokenTerms } from './token-terms.js';

const schema = z.object({
  tokens: z.array(storedToken),
  /** Are remote access keys taken? */
  accessKeys: z.boolean().optional(),
});

interface NewToken extends TokenTerms {
  user: string;
  kind: 'root' | 'reseller';
  name: string;
  privileges: readonly string[];
}

/** What is to be different of a token; what is absent stays. */
interface TokenChange {
  name?: string | undefined;
  privileges?: readonly string[] | undefined;
  /** `null`: it is not to expire. */
  expiresAt?: number | null | undefined;
  addresses?: readonly string[] | undefined;
}

/** The name that a user's remote access key is kept by: no token can have it. */
const ACCESS_KEY = 'remote access key';
/** Its form in the original: lines of hex digits. */
const KEY_LINES = 29;
const KEY_LINE_OCTETS = 16;
const MOST_TOKENS = 10_000;
/** Uses are written together, at most so often, milliseconds: a peer may call many times a second. */
const WRITE_USES_AFTER = 60_000;
/** Refused pairs of token and address that are remembered, so that each is logged once. */
const MOST_REFUSALS = 1_000;

/** Names what a token may do, for whom and from where, as `update` takes it. */
export function tokenRevision(token: Token): string {
  return revisionOf(token, ['name', 'privileges', 'expiresAt', 'addresses']);
}

/** API tokens, and remote access keys, which came before them: kept as hashes, their secrets are shown once. */
export class TokenStore {
  readonly #state: JsonState<z.infer<typeof schema>>;
  readonly #log: Log;
  readonly #audit: AuditLog | undefined;
  /** Uses that are not written yet: hash → time. At most one for each token. */
  readonly #used = new Map<string, string>();
  readonly #refusals = new Set<string>();
  readonly #lookup = new TokenLookup();
  #writing: NodeJS.Timeout | undefined;

  private constructor(state: JsonState<z.infer<typeof schema>>, log: Log, audit: AuditLog | undefined) {
    this.#state = state;
    this.#log = log;
    this.#audit = audit;
  }

  static async open(file: string, { log, audit }: { log: Log; audit?: AuditLog }): Promise<TokenStore> {
    const state = await JsonState.open(file, { schema, defaults: () => ({ tokens: [] }), log });
    return new TokenStore(state, log, audit);
  }

  /** Makes a token; `secret` is returned here and never again. Rejects with token_invalid. */
  async create(
    { user, kind, name, privileges, expiresAt, addresses }: NewToken,
    by = SELF,
  ): Promise<{ secret: string; token: Token }> {
    checkTokenName(name);
    checkTerms(name, { expiresAt, addresses });
    const secret = randomBytes(32).toString('base64url');
    const stored: StoredToken = {
      name,
      user,
      kind,
      privileges: [...privileges],
      hash: hashOf(secret),
      created: new Date().toISOString(),
      ...termsOf({ expiresAt, addresses }),
    };
    await this.#state.update(({ tokens }) => {
      refuseTaken(tokens, user, name);
      add(tokens, stored);
    });
    await this.#note('createToken', user, name, by);
    return { secret, token: shown(stored) };
  }

  /**
   * Renames a token, or changes what it may do, until when and from where; its secret stays. `seen`: the revision that
   * the change was made from. Rejects with token_unknown, token_invalid, changed_meanwhile.
   */
  async update(user: string, name: string, change: TokenChange, by = SELF, seen?: string): Promise<Token> {
    const called = change.name ?? name;
    checkTokenName(called);
    checkTerms(name, { expiresAt: change.expiresAt ?? undefined, addresses: change.addresses });
    let changed: StoredToken | undefined;
    await this.#state.update((draft) => {
      const at = draft.tokens.findIndex((token) => token.user === user && token.name === name);
      const found = draft.tokens[at];
      if (found === undefined || isKey(found)) throw unknown(user, name);
      refuseChanged(`The token ${name}`, seen, tokenRevision(found));
      if (called !== name) refuseTaken(draft.tokens, user, called);
      const { expiresAt, addresses, ...rest } = found;
      const terms = {
        expiresAt: change.expiresAt === undefined ? expiresAt : (change.expiresAt ?? undefined),
        addresses: change.addresses ?? addresses,
      };
      changed = { ...rest, ...termsOf(terms), name: called, privileges: [...(change.privileges ?? rest.privileges)] };
      draft.tokens = draft.tokens.with(at, changed);
    });
    await this.#note('updateToken', user, name, by);
    return shown(changed as unknown as StoredToken);
  }

  /** Are remote access keys taken? They are not, until an administrator wants it. */
  get accessKeys(): boolean {
    return this.#state.data.accessKeys === true;
  }

  async setAccessKeys(taken: boolean, by = SELF): Promise<void> {
    await this.#state.update((draft) => {
      draft.accessKeys = taken;
    });
    await this.#note('setAccessKeys', taken ? 'on' : 'off', '', by);
  }

  /** When this user's remote access key was made, as ISO time; undefined where they have none. */
  accessKeyMade(user: string): string | undefined {
    return this.#state.data.tokens.find((token) => token.user === user && isKey(token))?.created;
  }

  /**
   * Makes the one remote access key of this user, in place of the one before; `seen`: when that was made, empty where
   * there was none. Rejects with access_keys_off, changed_meanwhile.
   */
  async createAccessKey({ user, kind, privileges }: Omit<NewToken, 'name'>, by = SELF, seen?: string): Promise<string> {
    if (!this.accessKeys) throw new ClusterError('access_keys_off');
    const secret = randomBytes(KEY_LINES * KEY_LINE_OCTETS).toString('hex');
    const hash = hashOf(secret);
    const created = new Date().toISOString();
    await this.#state.update((draft) => {
      refuseChanged(`The remote access key of ${user}`, seen, this.accessKeyMade(user) ?? '');
      draft.tokens = draft.tokens.filter((token) => token.user !== user || !isKey(token));
      add(draft.tokens, { name: ACCESS_KEY, user, kind, privileges: [...privileges], hash, created });
    });
    await this.#note('createAccessKey', user, '', by);
    return `${(secret.match(/.{32}/g) ?? []).join('\n')}\n`;
  }

  /** Rejects with token_unknown where this user has none. */
  revokeAccessKey(user: string, by = SELF): Promise<void> {
    return this.revoke(user, ACCESS_KEY, by);
  }

  /**
   * Who holds this secret; undefined where nobody does, or not this user, or where it is expired or not for `from`, the
   * caller's address. `user` is what the caller said, where they said one.
   */
  verify(user: string | undefined, secret: string, from?: string): Principal | undefined {
    const found = this.#lookup.find(this.#state.data.tokens, secret);
    if (found === undefined || (user !== undefined && user !== found.user)) return undefined;
    if (isKey(found) && (user === undefined || !this.accessKeys)) return undefined;
    if (isExpired(found)) return undefined;
    if (!isAllowedFrom(found, from)) {
      this.#logRefusal(found, from);
      return undefined;
    }
    this.#used.set(found.hash, new Date().toISOString());
    this.#writing ??= setTimeout(() => void this.#writeUses(), WRITE_USES_AFTER).unref();
    return { user: found.user, kind: found.kind, privileges: found.privileges, via: { token: found.name } };
  }

  /** The token of this secret, whether it may be used or not. */
  holding(secret: string): Token | undefined {
    const found = this.#lookup.find(this.#state.data.tokens, secret);
    return found === undefined || isKey(found) ? undefined : shown(this.#withUse(found));
  }

  /** The tokens of one user, or of all. */
  list(user?: string): Token[] {
    const listed = this.#state.data.tokens.filter((token) => user === undefined || token.user === user);
    return listed.flatMap((token) => (isKey(token) ? [] : [shown(this.#withUse(token))]));
  }

  /** From now on its secret is refused. Rejects with token_unknown. */
  async revoke(user: string, name: string, by = SELF): Promise<void> {
    await this.#state.update((draft) => {
      const kept = draft.tokens.filter((token) => token.user !== user || token.name !== name);
      if (kept.length === draft.tokens.length) throw unknown(user, name);
      draft.tokens = kept;
    });
    await this.#note('revokeToken', user, name, by);
  }

  async close(): Promise<void> {
    await this.#writeUses();
    await this.#state.close();
  }

  /**
   * Once for each token and address: a stolen token is worth a line, a script that repeats itself is not worth a
   * thousand.
   */
  #logRefusal({ user, name, hash }: StoredToken, from = ''): void {
    const refusal = `${hash} ${from}`;
    if (this.#refusals.has(refusal) || this.#refusals.size >= MOST_REFUSALS) return;
    this.#refusals.add(refusal);
    this.#log.warn({ user, token: name, from }, 'a token was refused: it is not for this address');
  }

  async #note(action: string, user: string, name: string, by: Principal): Promise<void> {
    const target = `${user} ${name}`.trim();
    await this.#audit?.note({ time: new Date().toISOString(), ...actorOf(by), action, target });
  }

  #withUse(token: StoredToken): StoredToken {
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

/** Without what is not wanted: an absent field takes no room in the file. */
function termsOf({ expiresAt, addresses = [] }: TokenTerms): { expiresAt?: number; addresses?: string[] } {
  return {
    ...defined({ expiresAt }),
    ...(addresses.length === 0 ? {} : { addresses: [...addresses] }),
  };
}

function isKey({ name }: StoredToken): boolean {
  return name === ACCESS_KEY;
}

function add(tokens: StoredToken[], token: StoredToken): void {
  if (tokens.length >= MOST_TOKENS) {
    const why = `there are ${MOST_TOKENS} tokens, more are not allowed; revoke some`;
    throw new ClusterError('token_invalid', { name: token.name, why });
  }
  tokens.push(token);
}

function refuseTaken(tokens: readonly StoredToken[], user: string, name: string): void {
  if (!tokens.some((other) => other.user === user && other.name === name)) return;
  throw new ClusterError('token_invalid', {
    name,
    why: `${user} has a token of this name already; choose another name`,
  });
}

function unknown(user: string, name: string): ClusterError {
  return new ClusterError('token_unknown', { name: name.slice(0, 60), user: user.slice(0, 60) });
}
