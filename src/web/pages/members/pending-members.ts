import { randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { NewMember } from '../../../cluster/model/member-status.js';

const MOST = 100;
/** Milliseconds: nobody looks at a certificate longer. */
const KEPT = 15 * 60_000;

/** Servers whose certificate somebody is looking at: what was typed waits here, so that no token stands in a page. */
export class PendingMembers {
  readonly #kept = new LRUCache<string, { user: string; member: NewMember }>({
    max: MOST,
    ttl: KEPT,
    ttlAutopurge: true,
  });

  keep(user: string, member: NewMember): string {
    const id = randomBytes(9).toString('base64url');
    this.#kept.set(id, { user, member });
    return id;
  }

  /** Once: what is taken is not here any more. */
  take(user: string, id: string): NewMember | undefined {
    const found = this.#kept.get(id);
    if (found?.user !== user) return undefined;
    this.#kept.delete(id);
    return found.member;
  }
}
