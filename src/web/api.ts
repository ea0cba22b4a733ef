import express, { type Express, type NextFunction, type Request, type RequestHandler, type Response } from 'express';
import { ipKeyGenerator, rateLimit } from 'express-rate-limit';
import helmet from 'helmet';
import { authenticateToken, peerOf } from '../access/authenticate.js';
import { hasPrivilege, type Principal } from '../access/principal.js';
import type { TokenStore } from '../access/tokens.js';
import type { Cluster } from '../cluster/cluster.js';
import { asClusterError, ClusterError, formatIssue, sentenceOf } from '../errors.js';
import type { HostAccounts } from '../host/host-panel.js';
import { OUR_HEADER } from '../wire-format/outcome-lines.js';
import type { AuditLog } from '../operations/audit-log.js';
import type { Notifications } from '../notifications/notifications.js';
import type { Log } from '../operations/log.js';
import { FailureCounts } from './failure-counts.js';
import { healthRoutes, metricsRoutes } from './monitoring.js';
import { send } from './requests/send.js';
import { answerFailure, whmApiRoutes } from './whm-api/whm-api-routes.js';
import { trustRoutes } from './wire/trust-routes.js';
import { wireRoutes } from './wire/wire-routes.js';

/** Wrong tokens from one address before it has to wait, and how long, milliseconds. */
const WRONG_TOKENS = 20;
const WRONG_TOKENS_WITHIN = 60_000;
const LONGEST_REASON = 200;

interface ApiOptions {
  cluster: Cluster;
  tokens: TokenStore;
  /** Where it is kept who changed what; `listaudit` lists nothing without it. */
  audit?: AuditLog;
  notifications?: Notifications;
  /** The host's users, where they can be changed here. */
  accounts?: HostAccounts | undefined;
  /** Of this package. */
  version: string;
  log: Log;
}

/**
 * The app for peers and scripts: `/scripts2/*`, `/cgi/*` and `/json-api/*`, with a token. Mount it at the root, before
 * any body parser.
 */
export function createApi({ cluster, tokens, audit, notifications, accounts, version, log }: ApiOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(helmet());
  app.use((_request, response, next) => {
    response.setHeader(OUR_HEADER, version);
    next();
  });
  // Only refusals are counted, and only they are held back: a good token works beside wrong ones of the same address.
  const limited = rateLimit({
    windowMs: WRONG_TOKENS_WITHIN,
    limit: WRONG_TOKENS,
    store: new FailureCounts(WRONG_TOKENS_WITHIN),
    keyGenerator: ({ ip }) => ipKeyGenerator(ip ?? ''),
    legacyHeaders: false,
    handler: (request, response) => {
      response.status(429).type('text/plain');
      send(request, response, 'Too many wrong tokens from this address. Wait a minute, then send the right one.\n');
    },
    // Its warnings would go to the console of the host.
    validate: false,
  });
  app.use(['/scripts2', '/cgi', '/json-api'], (request, response, next) => {
    if (request.method === 'GET' || request.method === 'POST') {
      next();
      return;
    }
    response.set('Allow', 'GET, POST');
    next(new ClusterError('method_unknown', { method: request.method }));
  });
  const acting = (by: Principal): Principal => cluster.accounts.acting(by);
  app.use(healthRoutes(cluster));
  app.use(
    '/metrics',
    authenticateToken(tokens, acting, afterLimit(limited, refuseOnWire)),
    onlyRoot,
    metricsRoutes(cluster),
  );
  app.use('/scripts2', authenticateToken(tokens, acting, afterLimit(limited, refuseOnWire)), wireRoutes(cluster));
  app.use('/cgi', authenticateToken(tokens, acting, afterLimit(limited, refuseOnWire)), trustRoutes(cluster));
  app.use(
    '/json-api',
    authenticateToken(tokens, acting, afterLimit(limited, refuseOnApi)),
    whmApiRoutes(cluster, { tokens, audit, notifications, accounts }),
  );
  app.use((request: Request, response: Response) => {
    response.status(404).type('text/plain');
    send(request, response, 'There is no such call on this server.\n');
  });
  // Four arguments make an error handler. Ours come last and answer all: the host's page would show our messages to
  // anybody.
  app.use((error: unknown, request: Request, _response: Response, next: NextFunction) => {
    const { path } = request;
    if (knownError(error).status >= 500) log.error({ path, error: sentenceOf(error) }, 'a call failed');
    next(error);
  });
  app.use('/json-api', answerFailure);
  app.use((error: unknown, request: Request, response: Response, _next: NextFunction) => {
    // Half an answer must not look like a whole one.
    if (response.headersSent) response.destroy();
    else refuse(request, response, knownError(error));
  });
  return app;
}

/** The status line is what a peer shows its operator ("Server Error from HOST: STATUS REASON"); the body says all. */
function refuse(request: Request, response: Response, error: ClusterError): void {
  const lines = error.issues.length > 0 ? error.issues.map(formatIssue) : [error.message];
  response.status(error.status).type('text/plain');
  response.statusMessage = error.message.replaceAll(/[^\x20-\x7e]+/g, ' ').slice(0, LONGEST_REASON);
  send(request, response, `${lines.join('\n')}\n`);
}

function knownError(error: unknown): ClusterError {
  // Express's own refusal of an address that cannot be decoded.
  return error instanceof URIError
    ? new ClusterError('request_unreadable', {}, { cause: error })
    : asClusterError(error);
}

function afterLimit(limited: RequestHandler, refuse: (request: Request, response: Response) => void): RequestHandler {
  return (request, response, next) =>
    void limited(request, response, (error?: unknown) => {
      if (error === undefined) refuse(request, response);
      else next(error);
    });
}

/** Of everybody's zones and members. */
function onlyRoot(request: Request, _response: Response, next: NextFunction): void {
  const peer = peerOf(request);
  const privilege = peer.kind === 'root' ? 'clustering' : 'root';
  next(
    hasPrivilege(peer, privilege) && peer.kind === 'root'
      ? undefined
      : new ClusterError('privilege_missing', { privilege }),
  );
}

function refuseOnWire(request: Request, response: Response): void {
  response.status(401).type('text/plain').set('WWW-Authenticate', 'Bearer');
  // A peer's retry logic reads the phrase.
  response.statusMessage = 'Access Denied';
  send(request, response, 'Access Denied\n');
}

function refuseOnApi(request: Request, response: Response): void {
  const data = { reason: 'Access denied', result: '0' };
  const refusal = { cpanelresult: { apiversion: '2', error: 'Access denied', data, type: 'text' } };
  response.status(403).type('text/plain');
  send(request, response, JSON.stringify(refusal));
}
