import express, { type Express } from 'express';

/**
 * An app that stands in the host from the beginning and hands over to the real one as long as there is one; else it
 * answers 503 with the sentence of `absence`. What is not `isOurs` goes on to the host.
 */
export function startupApp(
  real: () => Express | undefined,
  absence: () => string,
  isOurs: (path: string) => boolean = () => true,
): Express {
  const standing = express();
  standing.disable('x-powered-by');
  standing.use((request, response, next) => {
    if (!isOurs(request.path)) {
      next();
      return;
    }
    const app = real();
    if (app !== undefined) {
      // Which proxies to trust is the host's to say. It is the only one of its settings that counts in ours.
      app.set('trust proxy fn', standing.get('trust proxy fn'));
      app(request, response, next);
      return;
    }
    response.status(503).set('Retry-After', '5').type('text/plain');
    response.send(`${absence()}\n`);
  });
  return standing;
}
