import { createHash, randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Request, RequestHandler } from 'express';
import session from 'express-session';
import { SessionStore } from './session-store.js';

declare module 'express-session' {
  interface SessionData {
    user: string;
    /** Names this login without being a key to it, as the session's own id is. */
    loginId: string;
    /** What UserStore.passwordMark said at the login. */
    passwordMark: string;
  }
}

const IDLE_LIMIT = 2 * 60 * 60 * 1000;
const MOST_SESSIONS = 1000;

/** Who logged in with this request's session, and in which login. */
interface Login {
  user: string;
  loginId: string;
  passwordMark: string;
}

/** Sessions of logged in users, in memory: bounded, forgotten after two hours without a request or at a restart. */
export function sessions(secret: Buffer): RequestHandler {
  // Cookies are shared by all ports of a host, so panels side by side on one machine need cookies of different names.
  const suffix = createHash('sha256').update('cookie').update(secret).digest('hex').slice(0, 8);
  return session({
    name: `__Host-panel-${suffix}`,
    secret: createHash('sha256').update('session').update(secret).digest('hex'),
    store: new SessionStore(MOST_SESSIONS, IDLE_LIMIT),
    resave: false,
    saveUninitialized: false,
    cookie: { httpOnly: true, secure: true, sameSite: 'lax', path: '/' },
  });
}

/** The login of a request that came through `sessions`. */
export function loginOf(request: IncomingMessage): Login | undefined {
  // Absent where the host was asked about a request that did not come through its own session.
  const held = (request as Partial<Request>).session;
  const { user, loginId, passwordMark } = held ?? {};
  return user === undefined || loginId === undefined || passwordMark === undefined
    ? undefined
    : { user, loginId, passwordMark };
}

/** Logs `user` in under a session id that nobody can have known before (no session fixation). */
export function logIn(request: Request, user: string, passwordMark: string): Promise<void> {
  return new Promise((resolve, reject) => {
    request.session.regenerate((error: unknown) => {
      if (error instanceof Error) {
        reject(error);
        return;
      }
      request.session.user = user;
      request.session.passwordMark = passwordMark;
      request.session.loginId = randomUUID();
      resolve();
    });
  });
}

/** Ends the login; its cookie is worth nothing afterwards. */
export function logOut(request: Request): Promise<void> {
  return new Promise((resolve, reject) => {
    request.session.destroy((error: unknown) => {
      if (error instanceof Error) reject(error);
      else resolve();
    });
  });
}
