import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';

/** Browsers keep no longer cookies, and don't say so. */
const LONGEST_TOKEN = 3_500;
const NO_CONTENT = 204;
const NO_TOKEN = 400;

/** A login that the browser sends by itself, made of one that it doesn't. */
export interface BearerCookie {
  /** Answers a script's call with the cookie. To be mounted behind the host's own check of its bearer tokens. */
  readonly give: (request: IncomingMessage, response: ServerResponse) => void;
  /** Puts the token of the cookie where the host looks for one, unless it is there. Before the host's check. */
  readonly take: (request: IncomingMessage, response: ServerResponse, next: () => void) => void;
  /** Names the login of a request without being a key to it (HostUser.sessionId). */
  readonly loginId: (request: IncomingMessage) => string;
}

/**
 * For a host whose pages hold the login's bearer token in the browser and send it from scripts only: a page that is
 * opened by a link comes without it. A script of the host's menu posts the token once to `give`; from then on the
 * browser sends it as a cookie, below `path` alone. It is the host that judges the token at each request, so a login
 * that ends there ends here. `secure`: by TLS only; where absent, so where the token itself came by TLS.
 */
export function bearerCookie(options: { name: string; path: string; secure?: boolean }): BearerCookie {
  const { name, path } = options;
  return {
    give(request, response) {
      const [, token] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
      if (token === undefined || encodeURIComponent(token).length > LONGEST_TOKEN) {
        response.writeHead(NO_TOKEN, { 'content-type': 'text/plain' });
        response.end('This login has no bearer token, or one that is too long for a cookie.\n');
        return;
      }
      const secure = (options.secure ?? (request.socket as Partial<TLSSocket>).encrypted === true) ? '; Secure' : '';
      const cookie = `${name}=${encodeURIComponent(token)}; Path=${path}; HttpOnly; SameSite=Lax${secure}`;
      response.writeHead(NO_CONTENT, { 'set-cookie': cookie, 'cache-control': 'no-store' });
      response.end();
    },

    take(request, _response, next) {
      if (request.headers.authorization === undefined) {
        const token = cookieOf(request, name);
        if (token !== undefined) request.headers.authorization = `Bearer ${token}`;
      }
      next();
    },

    loginId(request) {
      return createHash('sha256')
        .update(request.headers.authorization ?? '')
        .digest('base64url');
    },
  };
}

function cookieOf(request: IncomingMessage, name: string): string | undefined {
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const [key, value = ''] = part.trim().split('=');
    if (key !== name) continue;
    try {
      // What a header can't hold was never in a token.
      return /^\S+$/.exec(decodeURIComponent(value))?.[0];
    } catch {
      return undefined;
    }
  }
  return undefined;
}
