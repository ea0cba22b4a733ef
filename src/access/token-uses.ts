import { sentenceOf } from '../errors.js';
import type { Log } from '../operations/log.js';
import type { StoredToken } from './stored-token.js';

/** Uses are written together, at most so often, milliseconds: a peer may call many times a second. */
const WRITE_AFTER = 60_000;

/** When tokens were last used, written a while after: a call does not wait for the disk. */
export class TokenUses {
  /** Those that are not written yet: hash → time. At most one for each token. */
  readonly #used = new Map<string, string>();
  readonly #change: (change: (token: StoredToken) => StoredToken) => Promise<void>;
  readonly #log: Log;
  #writing: NodeJS.Timeout | undefined;

  /** `change` writes all tokens as they are changed. */
  constructor(change: (change: (token: StoredToken) => StoredToken) => Promise<void>, log: Log) {
    this.#change = change;
    this.#log = log;
  }

  record({ hash }: StoredToken): void {
    this.#used.set(hash, new Date().toISOString());
    this.#writing ??= setTimeout(() => void this.write(), WRITE_AFTER).unref();
  }

  of(token: StoredToken): StoredToken {
    const lastUsed = this.#used.get(token.hash) ?? token.lastUsed;
    return lastUsed === undefined ? token : { ...token, lastUsed };
  }

  async write(): Promise<void> {
    clearTimeout(this.#writing);
    this.#writing = undefined;
    if (this.#used.size === 0) return;
    const written = new Map(this.#used);
    try {
      await this.#change((token) => this.of(token));
    } catch (error) {
      // Nobody waits for it; the next use tries again.
      this.#log.warn({ error: sentenceOf(error) }, 'the last uses of tokens could not be written');
      return;
    }
    for (const [hash, time] of written) if (this.#used.get(hash) === time) this.#used.delete(hash);
  }
}
