import type { Request, RequestHandler } from 'express';
import passport from 'passport';
import { Strategy as BearerStrategy } from 'passport-http-bearer';
import { ClusterError } from '../errors.js';
import { isTrusted } from './local-connections.js';
import { SELF, type Principal } from './principal.js';
import type { TokenStore } from './tokens.js';

/** Where passport leaves the principal: not `user`, which belongs to the host. */
interface Authenticated extends Request {
  peer?: Principal;
}

/**
 * `Authorization: whm USER:TOKEN` of current clients, `WHM base64(…)` of clients before 2011, and Basic. Says nothing
 * where the header is of another scheme, so that the next strategy looks.
 */
class WhmStrategy extends passport.Strategy {
  override readonly name = 'whm';
  // Not a #private field: passport calls `authenticate` on an object that only inherits from this one.
  private readonly tokens: TokenStore;

  constructor(tokens: TokenStore) {
    super();
    this.tokens = tokens;
  }

  override authenticate(request: Request): void {
    const [, scheme = '', value = ''] = /^(whm|basic) +(.+)$/is.exec(request.headers.authorization ?? '') ?? [];
    const plain =
      scheme.toLowerCase() === 'whm' && value.includes(':') ? value : Buffer.from(value, 'base64').toString('utf8');
    const colon = plain.indexOf(':');
    const principal =
      colon > 0 ? this.tokens.verify(plain.slice(0, colon), plain.slice(colon + 1), request.ip) : undefined;
    if (principal === undefined) this.fail(401);
    else this.success(principal);
  }
}

/**
 * Middleware that lets only holders of a token, and this machine's root, through and leaves them for `peerOf`. Calls
 * `refuse` for all others. A token in the query, or in a body that the host has parsed, is refused with 400
 * (token_misplaced): passport-http-bearer would take it, and addresses and forms land in logs.
 */
export function authenticateToken(
  tokens: TokenStore,
  acting: (by: Principal) => Principal,
  refuse: RequestHandler,
): RequestHandler {
  // An instance of our own: the host's passport is the host's.
  const own = new passport.Passport();
  own.use(new WhmStrategy(tokens));
  own.use(
    new BearerStrategy({ passReqToCallback: true }, (request, token, done) =>
      done(null, tokens.verify(undefined, token, request.ip) ?? false),
    ),
  );
  return (request: Authenticated, response, next) => {
    if (holdsToken(request.query) || holdsToken(request.body)) {
      next(new ClusterError('token_misplaced'));
      return;
    }
    if (isTrusted(request.socket)) {
      request.peer = SELF;
      next();
      return;
    }
    const decide = (_error: unknown, principal?: Principal | false | null): void => {
      if (!principal) {
        void refuse(request, response, next);
        return;
      }
      request.peer = acting(principal);
      next();
    };
    const attempt = own.authenticate(['whm', 'bearer'], { session: false }, decide) as RequestHandler;
    void attempt(request, response, next);
  };
}

function holdsToken(fields: unknown): boolean {
  return typeof fields === 'object' && fields !== null && 'access_token' in fields;
}

/** Who sent this request; only behind `authenticateToken`. */
export function peerOf(request: Request): Principal {
  const { peer } = request as Authenticated;
  if (peer === undefined) throw new ClusterError('access_denied');
  return peer;
}
