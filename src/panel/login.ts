import express, { Router, type RequestHandler } from 'express';
import { rateLimit } from 'express-rate-limit';
import { csrfToken, csrfTokenMatches, isCrossOrigin } from '../access/csrf.js';
import { ClusterError } from '../errors.js';
import type { Log } from '../operations/log.js';
import type { Frame } from '../web/page-app.js';
import { logIn, loginOf, logOut } from './session.js';
import type { UserStore } from './users.js';

const FAILED_LOGINS = 10;
const WINDOW_MINUTES = 15;

/** `/login` and `/logout`. */
export function loginRoutes(options: {
  users: UserStore;
  secret: Buffer;
  log: Log;
  frameOf: (request: express.Request) => Frame;
}): Router {
  const { users, secret, log, frameOf } = options;
  const router = Router();
  const form = express.urlencoded({ extended: false, limit: '8kb', parameterLimit: 10 });
  const limit = rateLimit({
    windowMs: WINDOW_MINUTES * 60 * 1000,
    limit: FAILED_LOGINS,
    skipSuccessfulRequests: true,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    // We trust no proxy, so a forwarded address means nothing here; the check would only write to the console.
    validate: { xForwardedForHeader: false },
    handler: (_request, _response, next) => {
      next(new ClusterError('login_limited', { minutes: WINDOW_MINUTES }));
    },
  });

  router.get('/login', (request, response) => {
    const next = localPath(request.query['next']);
    response.render('panel/login', { title: 'Log in', frame: frameOf(request), next, user: '', error: undefined });
  });

  // Before the limit: other sites must not be able to use up a visitor's attempts.
  const sameOrigin: RequestHandler = (request, _response, next) => {
    if (isCrossOrigin(request.headers)) throw new ClusterError('form_refused');
    next();
  };

  router.post('/login', sameOrigin, limit, form, async (request, response) => {
    const { user, password, next } = (request.body ?? {}) as Record<string, unknown>;
    const name = typeof user === 'string' ? user : '';
    const verified = await users.verify(name, typeof password === 'string' ? password : '');
    if (verified === undefined) {
      log.warn({ user: name.slice(0, 40), address: request.ip }, 'login refused');
      const error = new ClusterError('login_refused');
      response.status(error.status);
      response.render('panel/login', {
        title: 'Log in',
        frame: frameOf(request),
        next: localPath(next),
        user: name.slice(0, 40),
        error,
      });
      return;
    }
    await logIn(request, verified.user);
    log.info({ user: verified.user, address: request.ip }, 'logged in');
    response.redirect(303, localPath(next));
  });

  // The plugin's pages can only link here, so there is a page with the button too.
  router.get('/logout', (request, response) => {
    const login = loginOf(request);
    if (login === undefined) {
      response.redirect(303, '/login');
      return;
    }
    const csrf = csrfToken(secret, { user: login.user, sessionId: login.loginId });
    response.render('panel/logout', { title: 'Log out', frame: frameOf(request), csrf });
  });

  router.post('/logout', sameOrigin, form, async (request, response) => {
    const login = loginOf(request);
    if (login !== undefined) {
      const { _csrf: token } = (request.body ?? {}) as Record<string, unknown>;
      const owner = { user: login.user, sessionId: login.loginId };
      if (!csrfTokenMatches(secret, owner, token)) throw new ClusterError('form_refused');
      await logOut(request);
    }
    response.redirect(303, '/login');
  });
  return router;
}

/** A path of this panel to go to after the login; anything that could lead elsewhere becomes the home page. */
export function localPath(next: unknown): string {
  const here = 'https://panel.invalid';
  if (typeof next !== 'string' || !next.startsWith('/') || !URL.canParse(next, here)) return '/';
  const { origin, pathname, search } = new URL(next, here);
  // "/.//elsewhere" has our origin, but its path alone would name another host.
  return origin === here && !pathname.startsWith('//') ? pathname + search : '/';
}
