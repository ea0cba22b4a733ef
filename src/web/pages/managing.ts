import { LRUCache } from 'lru-cache';
import type { Principal } from '../../access/principal.js';
import type { HostPanel } from '../../host/host-panel.js';

const MOST = 1_000;

/** "Managing DNS Cluster as": logins of root that act as a reseller, until the login or this server ends. */
export class Managing {
  readonly #as = new LRUCache<string, string>({ max: MOST });
  readonly #host: HostPanel;

  constructor(host: HostPanel) {
    this.#host = host;
  }

  /** Who acts in this login: root, or the reseller that root acts for. One who is no more is nobody to act for. */
  principalFor(login: Principal, sessionId: string): Principal {
    const user = login.kind === 'root' ? this.#as.get(sessionId) : undefined;
    if (user === undefined || !this.resellers().includes(user)) return login;
    return { user, kind: 'reseller', privileges: ['clustering'], via: { session: true, actor: login.user } };
  }

  resellers(): string[] {
    return this.#host
      .users()
      .filter(({ kind }) => kind === 'reseller')
      .map(({ user }) => user);
  }

  /** An empty user is root again. */
  set(sessionId: string, user: string): void {
    if (user === '') this.#as.delete(sessionId);
    else this.#as.set(sessionId, user);
  }
}
