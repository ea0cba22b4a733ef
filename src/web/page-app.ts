import { fileURLToPath } from 'node:url';
import ejs from 'ejs';
import express, { type ErrorRequestHandler, type Response } from 'express';
import helmet from 'helmet';
import { asClusterError, ClusterError, isClusterError } from '../errors.js';
import type { HostLink } from '../host/host-panel.js';
import type { Log } from '../operations/log.js';
import { PACKAGE_ROOT } from '../operations/version.js';

const packageFile = (path: string): string => fileURLToPath(new URL(path, PACKAGE_ROOT));

/** What surrounds every page: the panel's name, who is logged in, the links above the page. */
export interface Frame {
  panel: string;
  user: string | undefined;
  /** Links of the host: back to its menu, log out. */
  links: readonly HostLink[];
  /** Pages of this app; `current` marks the one that is shown. */
  nav: readonly (HostLink & { current: boolean })[];
  /** URL under which this app's style sheets are. */
  assets: string;
}

/**
 * An express app for pages: EJS from `views/`, style sheets from `public/` under `/assets`, security headers, nothing
 * cached. An app, never a Router: a Router would render the host's view of the same name.
 */
export function createPageApp(): express.Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('views', packageFile('views'));
  app.set('view engine', 'ejs');
  app.engine(
    'ejs',
    ejs.renderFile as (path: string, data: object, done: (error: unknown, html?: string) => void) => void,
  );
  app.enable('view cache');
  app.use(
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'self'"],
          // The style sheet draws its arrows and ticks by data: URLs.
          imgSrc: ["'self'", 'data:'],
          formAction: ["'self'"],
          baseUri: ["'none'"],
          objectSrc: ["'none'"],
          frameAncestors: ["'none'"],
        },
      },
      xFrameOptions: { action: 'deny' },
      // With helmet's "no-referrer" browsers send "Origin: null" with our own forms.
      referrerPolicy: { policy: 'same-origin' },
      // Whether a host name is reached by TLS only is for its owner to say; a panel on one port is not the whole host.
      strictTransportSecurity: false,
    }),
  );
  app.use('/assets', express.static(packageFile('public'), { index: false, maxAge: '1h', redirect: false }));
  app.use((_request, response, next) => {
    response.set('Cache-Control', 'no-store');
    next();
  });
  return app;
}

/** Anything thrown by a handler or a body parser as an error with a status and a sentence for people. */
function errorOfPage(error: unknown): ClusterError {
  if (isClusterError(error)) return error;
  const { status, type, limit } = (error ?? {}) as { status?: unknown; type?: unknown; limit?: unknown };
  if (type === 'entity.too.large') return new ClusterError('body_too_large', { limit: Number(limit) });
  if (typeof status === 'number' && status >= 400 && status < 500)
    return new ClusterError('request_unreadable', {}, { cause: error });
  return asClusterError(error);
}

/** The last two handlers of a page app: its own 404 and its own error page, so that the host's never see ours. */
export function endWithErrorPages(
  app: express.Express,
  log: Log,
  frameOf: (request: express.Request, response: Response) => Frame,
): void {
  app.use((request) => {
    throw new ClusterError('page_unknown', { path: request.path.slice(0, 200) });
  });
  const showError: ErrorRequestHandler = (thrown: unknown, request, response, next) => {
    const error = errorOfPage(thrown);
    if (error.code === 'internal') log.error({ err: error.cause ?? error, path: request.path }, 'a page failed');
    if (response.headersSent) {
      next(thrown);
      return;
    }
    response
      .status(error.status)
      .render('error', { title: TITLES[error.status] ?? 'Error', error, frame: frameOf(request, response) });
  };
  app.use(showError);
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Request not understood',
  401: 'Log in',
  403: 'Not allowed',
  404: 'Not found',
  409: 'Conflict',
  413: 'Too large',
  422: 'Not accepted',
  429: 'Too many attempts',
  500: 'Internal error',
};
