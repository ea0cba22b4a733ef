import type { Request, RequestHandler } from 'express';
import type { Accounts } from '../../access/accounts.js';
import { csrfToken, csrfTokenMatches, isCrossOrigin } from '../../access/csrf.js';
import { hasPrivilege, type Principal } from '../../access/principal.js';
import { ClusterError } from '../../errors.js';
import type { HostPanel } from '../../host/host-panel.js';
import type { Managing } from './managing.js';

/** A request of somebody who may be here. */
interface Visit {
  principal: Principal;
  /** The one who is logged in: root, where `principal` is a reseller for whom root acts. */
  login: Principal;
  /** The host's name for this login. */
  sessionId: string;
  /** For the hidden field `_csrf` of every form. */
  csrf: string;
}

/** The privilege without which nobody sees these pages. */
const PRIVILEGE = 'clustering';

// Not in request.user or response.locals: those belong to the host.
const visits = new WeakMap<Request, Visit>();

/** The visit of a request that passed `admit`. */
export function visitOf(request: Request): Visit {
  const visit = visits.get(request);
  if (visit === undefined) throw new Error('this page was reached without passing the gate');
  return visit;
}

/** Lets in who is logged in to the host and has the privilege. Others are sent to log in, or get 401 or 403. */
export function admit(host: HostPanel, accounts: Accounts, secret: Buffer, managing: Managing): RequestHandler {
  return (request, response, next) => {
    const user = host.identify(request);
    if (user === undefined) {
      // A form can't be sent again by a redirect, so its sender is told that nothing happened.
      const isReading = request.method === 'GET' || request.method === 'HEAD';
      if (!isReading || host.loginUrl === undefined) throw new ClusterError('login_needed');
      response.redirect(303, host.loginUrl(request));
      return;
    }
    const { sessionId, ...who } = user;
    const login = accounts.acting({ ...who, via: { session: true } });
    if (!hasPrivilege(login, PRIVILEGE)) throw new ClusterError('privilege_missing', { privilege: PRIVILEGE });
    const principal = accounts.acting(managing.principalFor(login, sessionId));
    visits.set(request, { principal, login, sessionId, csrf: csrfToken(secret, { user: user.user, sessionId }) });
    next();
  };
}

/** Refuses every form that does not come from a page of the same login. After `admit` and the body parsers. */
export function guardForms(secret: Buffer): RequestHandler {
  return (request, _response, next) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      const { login, sessionId } = visitOf(request);
      const { _csrf: token } = (request.body ?? {}) as Record<string, unknown>;
      if (isCrossOrigin(request.headers) || !csrfTokenMatches(secret, { user: login.user, sessionId }, token))
        throw new ClusterError('form_refused');
    }
    next();
  };
}
