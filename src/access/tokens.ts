import { randomBytes } from 'node:crypto';
import { ClusterError, sentenceOf } from '../errors.js';
import type { AuditLog } from '../operations/audit-log.js';
import { defined } from '../operations/defined.js';
import type { Log } from '../operations/log.js';
import type { StateLoss } from '../state/json-state.js';
import { refuseChanged, revisionOf } from '../state/revision.js';
import { actorOf, SELF, type Principal } from './principal.js';
import { authorizeEnding, authorizeGiving } from './privileges.js';
import {
  hashOf,
  openTokens,
  shown,
  TokenLookup,
  type StoredToken,
  type Token,
  type TokenState,
} from './stored-token.js';
import { TokenHolders, type HostUsers } from './token-holders.js';
import { ACCESS_KEY, add, isKey, limitsOf, refuseTaken, termsOf, unknown } from './token-list.js';
import { TokenUses } from './token-uses.js';
import { checkTerms, checkTokenName, isAllowedFrom, isExpired, termsWithin, type WantedTerms } from './token-terms.js';

interface TokenStoreOptions {
  log: Log;
  audit?: AuditLog;
  /** The host, which is asked at each use who a token's user is now. */
  users?: HostUsers;
  /** Is told when tokens end because their user is gone. */
  isEnding?: () => void;
}

interface NewToken extends WantedTerms {
  user: string;
  kind: 'root' | 'reseller';
  name: string;
  privileges: readonly string[];
}

/** What is to be different of a token; what is absent stays. */
interface TokenChange extends WantedTerms {
  name?: string | undefined;
  privileges?: readonly string[] | undefined;
}

/** A remote access key as the original has it: lines of hex digits. */
const KEY_LINES = 29;
const KEY_LINE_OCTETS = 16;
/** Refused pairs of token and address that are remembered, so that each is logged once. */
const MOST_REFUSALS = 1_000;
/** Milliseconds that a token of somebody who is gone is kept, for root to see. */
const ENDED_KEPT = 30 * 24 * 3600_000;

/** Names what a token may do, for whom and from where, as `update` takes it. */
export function tokenRevision(token: Token): string {
  return revisionOf(token, ['name', 'privileges', 'expiresAt', 'addresses']);
}

/** API tokens, and remote access keys, which came before them: kept as hashes, their secrets are shown once. */
export class TokenStore {
  readonly #state: TokenState;
  /** What this start found of the file, where it was not as it should be. */
  readonly loss: StateLoss | undefined;
  readonly #log: Log;
  readonly #audit: AuditLog | undefined;
  readonly #uses: TokenUses;
  readonly #refusals = new Set<string>();
  readonly #holders: TokenHolders;
  readonly #isEnding: () => void;
  /** Hashes of tokens that ended just now, and are not written as such. */
  readonly #ending = new Set<string>();
  readonly #lookup = new TokenLookup();

  private constructor(state: TokenState, options: TokenStoreOptions) {
    const { log, audit, users, isEnding = () => undefined } = options;
    this.#isEnding = isEnding;
    this.#state = state;
    this.loss = state.loss;
    this.#log = log;
    this.#audit = audit;
    this.#holders = new TokenHolders(users, log);
    this.#uses = new TokenUses(
      (change) => state.update((draft) => void (draft.tokens = draft.tokens.map(change))),
      log,
    );
  }

  static async open(file: string, options: TokenStoreOptions): Promise<TokenStore> {
    return new TokenStore(await openTokens(file, options.log), options);
  }

  /**
   * Makes a token; `secret` is returned here and never again. One that is made with a token can do no more than that,
   * and no longer. Rejects with token_invalid, privilege_missing, token_too_wide.
   */
  async create(wanted: NewToken, by = SELF): Promise<{ secret: string; token: Token }> {
    const { user, name } = wanted;
    checkTokenName(name);
    const secret = randomBytes(32).toString('base64url');
    const stored = this.#new(wanted, secret, by);
    checkTerms(name, stored);
    await this.#state.update((draft) => {
      // What somebody of this name has left is in nobody's way.
      draft.tokens = draft.tokens.filter(
        (other) => other.user !== user || other.name !== name || !this.#isEnded(other),
      );
      refuseTaken(draft.tokens, user, name);
      add(draft.tokens, stored);
    });
    await this.#record('createToken', user, name, by);
    return { secret, token: shown(stored) };
  }

  /**
   * Renames a token, or changes what it may do, until when and from where; its secret stays. `seen`: the revision that
   * the change was made from. Rejects with token_unknown, token_invalid, changed_meanwhile, and as `create`; with
   * token_is_caller where it would change itself.
   */
  async update(user: string, name: string, change: TokenChange, by = SELF, seen?: string): Promise<Token> {
    const called = change.name ?? name;
    checkTokenName(called);
    checkTerms(name, { expiresAt: change.expiresAt ?? undefined, addresses: change.addresses });
    let changed: StoredToken | undefined;
    await this.#state.update((draft) => {
      const at = draft.tokens.findIndex((token) => token.user === user && token.name === name);
      const found = draft.tokens[at];
      if (found === undefined || isKey(found) || this.#isEnded(found)) throw unknown(user, name);
      const { expiresAt = null, addresses = [], ...rest } = found;
      const privileges = [...(change.privileges ?? rest.privileges)];
      authorizeGiving(by, [...rest.privileges, ...privileges]);
      if ('token' in by.via && by.user === user && by.via.token === name) {
        throw new ClusterError('token_is_caller', { name });
      }
      refuseChanged(`The token ${name}`, seen, tokenRevision(found));
      if (called !== name) refuseTaken(draft.tokens, user, called);
      const terms = termsWithin(by.limits ?? {}, name, { expiresAt, addresses, ...defined(change) });
      changed = { ...rest, ...termsOf(terms), name: called, privileges };
      draft.tokens = draft.tokens.with(at, changed);
    });
    await this.#record('updateToken', user, name, by);
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
    await this.#record('setAccessKeys', taken ? 'on' : 'off', '', by);
  }

  /** When this user's remote access key was made, as ISO time; undefined where they have none. */
  accessKeyMade(user: string): string | undefined {
    const isTheirs = (token: StoredToken): boolean => token.user === user && isKey(token) && !this.#isEnded(token);
    return this.#state.data.tokens.find(isTheirs)?.created;
  }

  /**
   * Makes the one remote access key of this user, in place of the one before; `seen`: when that was made, empty where
   * there was none. Rejects with access_keys_off, changed_meanwhile, privilege_missing.
   */
  async createAccessKey(wanted: Omit<NewToken, 'name'>, by = SELF, seen?: string): Promise<string> {
    if (!this.accessKeys) throw new ClusterError('access_keys_off');
    const { user } = wanted;
    const secret = randomBytes(KEY_LINES * KEY_LINE_OCTETS).toString('hex');
    const stored = this.#new({ ...wanted, name: ACCESS_KEY }, secret, by);
    await this.#state.update((draft) => {
      refuseChanged(`The remote access key of ${user}`, seen, this.accessKeyMade(user) ?? '');
      const before = draft.tokens.find((token) => token.user === user && isKey(token));
      if (before !== undefined && !this.#isEnded(before)) authorizeEnding(by, before.privileges);
      draft.tokens = draft.tokens.filter((token) => token !== before);
      add(draft.tokens, stored);
    });
    await this.#record('createAccessKey', user, '', by);
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
    if (isExpired(found) || this.#isEnded(found)) return undefined;
    const holder = this.#holders.now().of(found);
    if (holder === 'gone') void this.endGone();
    if (typeof holder === 'string') return undefined;
    if (!isAllowedFrom(found, from)) {
      this.#logRefusal(found, from);
      return undefined;
    }
    this.#uses.record(found);
    return { user: found.user, ...holder, via: { token: found.name }, ...limitsOf(found) };
  }

  /**
   * Ends for good the tokens of users whom the host has no more: whoever gets the name next is somebody else. Binds the
   * others to the host's id of their user. Resolves with those that have ended and are not revoked. Never rejects.
   */
  async endGone(now = Date.now()): Promise<Token[]> {
    const holders = this.#holders.now();
    const time = new Date(now).toISOString();
    const settled = (token: StoredToken): StoredToken[] => {
      if (token.ended !== undefined) return Date.parse(token.ended) < now - ENDED_KEPT ? [] : [token];
      if (this.#ending.has(token.hash)) return [{ ...token, ended: time }];
      const userId = holders.of(token) === 'unsaid' ? undefined : holders.idOf(token.user);
      return userId === undefined || token.userId === userId ? [token] : [{ ...token, userId }];
    };
    const { tokens } = this.#state.data;
    const gone = tokens.filter((token) => !this.#isEnded(token) && holders.of(token) === 'gone');
    for (const { hash, user, name } of gone) {
      this.#ending.add(hash);
      this.#log.warn({ user, token: name }, 'a token has ended: the host has no such user any more');
    }
    if (gone.length > 0) this.#isEnding();
    try {
      if (tokens.some((token) => settled(token)[0] !== token)) {
        await this.#state.update((draft) => {
          draft.tokens = draft.tokens.flatMap(settled);
        });
      }
      for (const { user, name } of gone) await this.#record('endToken', user, name, SELF);
    } catch (error) {
      this.#log.error({ error: sentenceOf(error) }, 'the end of tokens could not be written; they are refused');
    }
    return this.#state.data.tokens.filter((token) => this.#isEnded(token)).map(shown);
  }

  /** The token of this secret, whether it may be used or not. */
  holding(secret: string): Token | undefined {
    const found = this.#lookup.find(this.#state.data.tokens, secret);
    return found === undefined || isKey(found) || this.#isEnded(found) ? undefined : shown(this.#uses.of(found));
  }

  /** The tokens of one user, or of all, those that have ended with their user included. */
  list(user?: string): Token[] {
    const listed = this.#state.data.tokens.filter(
      (token) => user === undefined || (token.user === user && !this.#isEnded(token)),
    );
    return listed.flatMap((token) => (isKey(token) ? [] : [shown(this.#uses.of(token))]));
  }

  /** From now on its secret is refused. Rejects with token_unknown, and with privilege_missing as `create`. */
  async revoke(user: string, name: string, by = SELF): Promise<void> {
    await this.#state.update((draft) => {
      const found = draft.tokens.find((token) => token.user === user && token.name === name);
      if (found === undefined) throw unknown(user, name);
      authorizeEnding(by, found.privileges);
      draft.tokens = draft.tokens.filter((token) => token !== found);
    });
    await this.#record('revokeToken', user, name, by);
  }

  async close(): Promise<void> {
    await this.#uses.write();
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

  async #record(action: string, user: string, name: string, by: Principal): Promise<void> {
    const target = `${user} ${name}`.trim();
    await this.#audit?.record({ time: new Date().toISOString(), ...actorOf(by), action, target });
  }

  /** As it is kept. Throws privilege_missing, token_too_wide. */
  #new({ user, kind, name, privileges, ...terms }: NewToken, secret: string, by: Principal): StoredToken {
    authorizeGiving(by, privileges);
    return {
      ...{ name, user, kind, privileges: [...privileges], hash: hashOf(secret), created: new Date().toISOString() },
      ...defined({ userId: this.#holders.now().idOf(user) }),
      ...termsOf(termsWithin(by.limits ?? {}, name, terms)),
    };
  }

  #isEnded({ hash, ended }: StoredToken): boolean {
    return ended !== undefined || this.#ending.has(hash);
  }
}
