import { Router, type Request } from 'express';
import { rateLimit } from 'express-rate-limit';
import { ClusterError } from '../errors.js';
import type { Log } from '../operations/log.js';
import { FailureCounts } from '../web/failure-counts.js';
import type { Frame } from '../web/page-app.js';
import { formToken, panelForm, sameLogin, sameOrigin, textOf } from './form-guard.js';
import { logIn, loginOf, logOut } from './session.js';
import type { UserStore } from './users.js';

const FAILED_LOGINS = 10;
const WINDOW_MINUTES = 15;
const WINDOW = WINDOW_MINUTES * 60 * 1000;

/** `/login` and `/logout`. */
export function loginRoutes(options: {
  users: UserStore;
  secret: Buffer;
  log: Log;
  frameOf: (request: Request) => Frame;
}): Router {
  const { users, secret, log, frameOf } = options;
  const router = Router();
  const limit = rateLimit({
    windowMs: WINDOW,
    // The package's own store keeps every address that tries within the time.
    store: new FailureCounts(WINDOW),
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

  // The limit comes after the origin: other sites must not be able to use up a visitor's attempts.
  router.post('/login', sameOrigin, limit, panelForm, async (request, response) => {
    const user = textOf(request, 'user');
    const next = localPath(textOf(request, 'next'));
    const verified = await users.verify(user, textOf(request, 'password'));
    if (verified === undefined) {
      const shown = user.slice(0, 40);
      log.warn({ user: shown, address: request.ip }, 'login refused');
      const error = new ClusterError('login_refused');
      response.status(error.status);
      response.render('panel/login', { title: 'Log in', frame: frameOf(request), next, user: shown, error });
      return;
    }
    await logIn(request, verified.user, users.passwordMark(verified.user) ?? '');
    log.info({ user: verified.user, address: request.ip }, 'logged in');
    response.redirect(303, next);
  });

  // The plugin's pages can only link here, so there is a page with the button.
  router.get('/logout', (request, response) => {
    if (loginOf(request) === undefined) {
      response.redirect(303, '/login');
      return;
    }
    response.render('panel/logout', {
      title: 'Log out',
      frame: frameOf(request),
      csrf: formToken(secret, request),
    });
  });

  router.post('/logout', sameOrigin, panelForm, sameLogin(secret), async (request, response) => {
    await logOut(request);
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
