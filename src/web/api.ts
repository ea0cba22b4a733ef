import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { rateLimit } from 'express-rate-limit';
import helmet from 'helmet';
import { authenticateToken } from '../access/authenticate.js';
import type { TokenStore } from '../access/tokens.js';
import type { Cluster } from '../cluster/cluster.js';
import { ClusterError, sentenceOf } from '../errors.js';
import { OUR_HEADER } from '../members/outcome-lines.js';
import type { Log } from '../operations/log.js';
import { whmApiRoutes } from './whm-api/whm-api-routes.js';
import { wireRoutes } from './wire/wire-routes.js';

/** Wrong tokens from one address before it has to wait, and how long, milliseconds. */
const WRONG_TOKENS = 20;
const WRONG_TOKENS_WITHIN = 60_000;

export interface ApiOptions {
  cluster: Cluster;
  tokens: TokenStore;
  /** Of this package. */
  version: string;
  log: Log;
}

/** The app that peers and scripts call: `/scripts2/*` and `/json-api/*`, with a token. Mount it at the root, before any body parser. */
export function createApi({ cluster, tokens, version, log }: ApiOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(helmet());
  app.use((_request, response, next) => {
    response.setHeader(OUR_HEADER, version);
    next();
  });
  const refusals = rateLimit({
    windowMs: WRONG_TOKENS_WITHIN,
    limit: WRONG_TOKENS,
    skipSuccessfulRequests: true,
    // Only what was refused for its token counts: a peer that pushes broken zones is no attacker.
    requestWasSuccessful: (_request, response) => response.locals['refused'] !== true,
    legacyHeaders: false,
    message: 'Too many wrong tokens from this address. Wait a minute, then send the right one.\n',
  });
  app.use(refusals);
  app.use(
    '/scripts2',
    authenticateToken(tokens, (_request, response) => {
      response.locals['refused'] = true;
      response.status(401);
      // A peer's retry logic reads the phrase.
      response.statusMessage = 'Access Denied';
      response.type('text/plain').send('Access Denied\n');
    }),
    wireRoutes(cluster),
  );
  app.use(
    '/json-api',
    authenticateToken(tokens, (_request, response) => {
      response.locals['refused'] = true;
      const data = { reason: 'Access denied', result: '0' };
      const refusal = { cpanelresult: { apiversion: '2', error: 'Access denied', data, type: 'text' } };
      response.status(403).type('text/plain').send(JSON.stringify(refusal));
    }),
    whmApiRoutes(cluster),
  );
  app.use((_request: Request, response: Response) => {
    response.status(404).type('text/plain').send('There is no such call on this server.\n');
  });
  // Four arguments make it an error handler, the last one: the host's page would show our messages to anybody.
  app.use((error: unknown, request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const known = error instanceof ClusterError ? error : new ClusterError('internal', {}, { cause: error });
    if (known.status >= 500) log.error({ path: request.path, error: sentenceOf(error) }, 'a call failed');
    response.status(known.status).type('text/plain').send(`${known.message}\n`);
  });
  return app;
}
