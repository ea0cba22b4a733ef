import type { IncomingMessage } from 'node:http';
import { Router, type Express, type Request } from 'express';
import { ClusterError } from '../errors.js';
import type { HostPanel, HostUser, MountedApp } from '../host/host-panel.js';
import { isApiPath, type PluginManifest } from '../host/plugin-manifest.js';
import type { Log } from '../operations/log.js';
import { timeAgo } from '../presentation/words.js';
import { createPageApp, endWithErrorPages, type Frame } from '../web/page-app.js';
import { formToken, panelForm, sameLogin, sameOrigin } from './form-guard.js';
import { loginRoutes } from './login.js';
import type { Notices } from './notices.js';
import { resellerPages } from './reseller-pages.js';
import { loginOf, sessions } from './session.js';
import type { UserStore } from './users.js';

interface PanelOptions {
  /** Shown above every page, as `ns1.example.net`. */
  name: string;
  users: UserStore;
  /** Behind session cookies and form tokens; at least 32 random bytes, kept over restarts. */
  secret: Buffer;
  log: Log;
  notices: Notices;
}

/** The bare-bones host panel of DNSONLY boxes: login, users, and a menu for the plugins that are mounted in it. */
export interface Panel {
  /** To be served by TLS; its cookies are never sent otherwise. */
  app: Express;
  /** What plugins learn of this panel. */
  host: HostPanel;
  /** Puts a plugin's pages below its path and into the menu, and its API at the root for the paths it names. */
  mount(manifest: PluginManifest, plugin: { pages: MountedApp; api: MountedApp }): void;
}

/** The panel's own entry in the menu, for root. */
const RESELLERS = {
  group: 'Resellers',
  label: 'Resellers',
  path: '/resellers',
  privilege: 'all',
  description: 'Who may log in here, and with which privileges.',
};

export function createPanel({ name, users, secret, log, notices }: PanelOptions): Panel {
  const identify = (request: IncomingMessage): HostUser | undefined => {
    const login = loginOf(request);
    if (login === undefined || login.passwordMark !== users.passwordMark(login.user)) return undefined;
    // Looked up anew each time: a removed user, or a privilege taken away, is so at once.
    const found = users.find(login.user);
    return found === undefined ? undefined : { ...found, sessionId: login.loginId };
  };
  const host: HostPanel = {
    name,
    identify,
    loginUrl: (request) => `/login?next=${encodeURIComponent((request as Partial<Request>).originalUrl ?? '/')}`,
    links: () => [
      { label: 'Home', href: '/' },
      { label: 'Log out', href: '/logout' },
    ],
    users: () => {
      const ids = users.ids();
      return users.list().map(({ user, kind }) => ({ user, kind, id: ids.get(user) ?? user }));
    },
    privileges: (user) => users.find(user)?.privileges,
    notify: (notice) => notices.add(notice),
    accounts: users,
  };
  const frameOf = (request: Request): Frame => ({
    panel: name,
    user: identify(request)?.user,
    links: identify(request) === undefined ? [] : (host.links?.(request) ?? []),
    nav: [],
    assets: '/assets',
  });

  const app = createPageApp();
  const apis = Router();
  const plugins = Router();
  const mounted: PluginManifest[] = [];
  // Before the sessions: peers have tokens, never a cookie.
  app.use(apis);
  app.use(sessions(secret));
  app.use(loginRoutes({ users, secret, log, frameOf }));
  app.get('/', (request, response) => {
    const user = identify(request);
    if (user === undefined) {
      response.redirect(303, '/login');
      return;
    }
    const may = (privilege: string): boolean => user.privileges.includes('all') || user.privileges.includes(privilege);
    const menu = mounted
      .filter((plugin) => may(plugin.menu.privilege))
      .map((plugin) => ({ ...plugin.menu, description: plugin.description }));
    if (user.kind === 'root') menu.push(RESELLERS);
    const isRoot = user.kind === 'root';
    const told = isRoot ? { notices: notices.list(), csrf: formToken(secret, request) } : { notices: [], csrf: '' };
    response.render('panel/home', { title: 'Home', frame: frameOf(request), menu, ago: timeAgo, ...told });
  });
  app.post('/notices/clear', panelForm, sameOrigin, sameLogin(secret), async (request, response) => {
    if (identify(request)?.kind !== 'root') throw new ClusterError('privilege_missing', { privilege: 'root' });
    await notices.clear();
    response.redirect(303, '/');
  });
  app.use(resellerPages({ users, secret, plugins: mounted, identify, frameOf }));
  app.use(plugins);
  endWithErrorPages(app, log, frameOf);

  return {
    app,
    host,
    mount(manifest, { pages, api }) {
      mounted.push(manifest);
      plugins.use(manifest.mounts.pages, pages);
      apis.use((request, response, next) => {
        if (isApiPath(manifest, request.path)) api(request, response, next);
        else next();
      });
    },
  };
}
