import type { IncomingMessage } from 'node:http';
import { Router, type Request, type RequestHandler, type Response } from 'express';
import { ClusterError, isClusterError } from '../errors.js';
import type { HostUser } from '../host/host-panel.js';
import type { PluginManifest } from '../host/plugin-manifest.js';
import type { Frame } from '../web/page-app.js';
import { formToken, panelForm, sameLogin, sameOrigin, textOf } from './form-guard.js';
import type { UserStore } from './users.js';

/** `/resellers`, for root: who there is, and adding one with the privileges that the mounted plugins bring. */
export function resellerPages(options: {
  users: UserStore;
  secret: Buffer;
  plugins: readonly PluginManifest[];
  identify: (request: IncomingMessage) => HostUser | undefined;
  frameOf: (request: Request) => Frame;
}): Router {
  const { users, secret, plugins, identify, frameOf } = options;
  const router = Router();
  const rootOnly: RequestHandler = (request, _response, next) => {
    if (identify(request)?.kind !== 'root') throw new ClusterError('privilege_missing', { privilege: 'all' });
    next();
  };
  const show = (request: Request, response: Response, error?: ClusterError): void => {
    response.status(error?.status ?? 200);
    response.render('panel/resellers', {
      title: 'Resellers',
      frame: frameOf(request),
      users: users.list(),
      privileges: plugins.flatMap((plugin) => plugin.privileges),
      user: textOf(request, 'user'),
      csrf: formToken(secret, request),
      error,
    });
  };

  router.get('/resellers', rootOnly, (request, response) => show(request, response));

  router.post('/resellers', rootOnly, sameOrigin, panelForm, sameLogin(secret), async (request, response) => {
    const given = plugins.flatMap((plugin) => plugin.privileges).map(({ name }) => name);
    const privileges = given.filter((name) => textOf(request, `privilege-${name}`) === 'on');
    try {
      await users.add({ user: textOf(request, 'user'), kind: 'reseller', privileges }, textOf(request, 'password'));
    } catch (error) {
      if (!isClusterError(error)) throw error;
      show(request, response, error);
      return;
    }
    response.redirect(303, '/resellers');
  });
  return router;
}
