import { Store, type SessionData } from 'express-session';
import { LRUCache } from 'lru-cache';

/** Sessions in memory, as JSON: a bounded number of them, each until it was not used for a while. */
export class SessionStore extends Store {
  readonly #sessions: LRUCache<string, string>;

  /** `idle`: milliseconds. */
  constructor(most: number, idle: number) {
    super();
    this.#sessions = new LRUCache({ max: most, ttl: idle, perf: performance, ttlResolution: 0, ttlAutopurge: true });
  }

  override get(id: string, callback: (error: unknown, session?: SessionData | null) => void): void {
    const held = this.#sessions.get(id);
    callback(null, held === undefined ? null : (JSON.parse(held) as SessionData));
  }

  override set(id: string, session: SessionData, callback?: (error?: unknown) => void): void {
    this.#sessions.set(id, JSON.stringify(session));
    callback?.();
  }

  /** Of a request that changed nothing in its session. One that ended meanwhile stays at its end. */
  override touch(id: string, session: SessionData, callback?: () => void): void {
    if (this.#sessions.has(id)) this.#sessions.set(id, JSON.stringify(session));
    callback?.();
  }

  override destroy(id: string, callback?: (error?: unknown) => void): void {
    this.#sessions.delete(id);
    callback?.();
  }
}
