import { Router } from 'express';
import { z } from 'zod';
import type { Principal } from '../../access/principal.js';
import { ClusterError } from '../../errors.js';
import type { HostPanel } from '../../host/host-panel.js';
import { readForm } from './forms.js';
import { done } from './outcomes.js';
import { redirectWith, type PageContext } from './page.js';
import { visitOf } from './visit.js';

const MOST = 1_000;
const managingForm = z.object({ user: z.string().max(64) });

/** "Managing DNS Cluster as": logins of root that see and do everything as one reseller. Until the login ends, or this server. */
export class Managing {
  readonly #as = new Map<string, string>();
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
    this.#as.delete(sessionId);
    if (user !== '') this.#as.set(sessionId, user);
    const oldest = this.#as.keys().next();
    if (this.#as.size > MOST && oldest.done !== true) this.#as.delete(oldest.value);
  }
}

/** Root's choice of whom to act for. */
export function managingPages(context: PageContext): Router {
  const router = Router();
  router.post('/managing', (request, response) => {
    const { login, sessionId } = visitOf(request);
    const { user } = readForm(managingForm, request);
    if (login.kind !== 'root') throw new ClusterError('privilege_missing', { privilege: 'root' });
    if (user !== '' && !context.managing.resellers().includes(user)) {
      throw new ClusterError('parameter_invalid', { parameter: 'user', why: 'is no reseller of this panel' });
    }
    context.managing.set(sessionId, user);
    const sentence =
      user === '' ? 'You act as root again.' : `You see and do what ${user} may, until you choose root again.`;
    redirectWith(context, request, response, [], done(sentence));
  });
  return router;
}
