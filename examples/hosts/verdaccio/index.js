/**
 * DNS Cluster as a middleware plugin of Verdaccio. Users are Verdaccio's; config.yaml says who of them is root and who is a reseller
 * that may use it. The API has a TLS listener of its own, because its paths at Verdaccio's root are names of packages.
 *
 *   web:
 *     scriptsBodyAfter: ['<script src="/clusters/dns-menu.js"></script>']
 *   middlewares:
 *     dns-cluster:
 *       root: [admin]
 *       resellers: [alice]
 *       folder: /var/lib/dns-cluster
 *       hostname: registry.example.net
 *       nameserver: { kind: embedded, host: 0.0.0.0, port: 53 }
 *       apiListener: { host: 0.0.0.0, port: 2087 }
 */
const { join } = require('node:path');
const { bearerCookie, createPlugin, readPluginManifest, stopFirst } = require('dns-cluster');

const { menu } = readPluginManifest();
const FORBIDDEN = 403;

class DnsClusterMiddleware {
  constructor(config, { logger }) {
    const { root = [], resellers = [], folder, hostname, nameserver, apiListener } = config;
    this.logger = logger;
    this.cookie = bearerCookie({ name: 'verdaccio-dns-cluster', path: menu.path });
    const privilegesOf = (user) => {
      if (root.includes(user)) return ['all'];
      return resellers.includes(user) ? [menu.privilege] : [];
    };
    this.host = {
      name: 'Verdaccio',
      // Verdaccio's own check has put the user there; one without a name is nobody.
      identify: (request) => {
        const user = request.remote_user?.name;
        if (user === undefined) return undefined;
        const kind = root.includes(user) ? 'root' : 'reseller';
        return { user, kind, privileges: privilegesOf(user), sessionId: this.cookie.loginId(request) };
      },
      loginUrl: () => '/',
      links: () => [{ label: 'Packages', href: '/' }],
      users: () => [
        ...root.map((user) => ({ user, kind: 'root' })),
        ...resellers.map((user) => ({ user, kind: 'reseller' })),
      ],
      privileges: privilegesOf,
      notify: ({ subject, text }) => logger.warn({ subject, text }, 'dns-cluster: @{subject}: @{text}'),
    };
    this.plugin = createPlugin(this.host, { folder, hostname, nameserver, apiListener });
  }

  register_middlewares(app, auth) {
    const { cookie, host, plugin } = this;
    // Verdaccio has looked for a token of npm already; the tokens of its web pages are others.
    const authenticate = auth.webUIJWTmiddleware();
    const mayUse = (request, response, next) => {
      const { privileges = [] } = host.identify(request) ?? {};
      if (privileges.includes('all') || privileges.includes(menu.privilege)) next();
      else response.status(FORBIDDEN).end();
    };
    app.get(`${menu.path}-menu.js`, (_request, response) => response.sendFile(join(__dirname, 'menu.js')));
    app.post(`${menu.path}-login`, authenticate, mayUse, cookie.give);
    app.use(menu.path, cookie.take, authenticate, plugin.pages);
    plugin.start().catch(({ message }) => this.logger.error({ message }, 'dns-cluster could not start: @{message}'));
    stopFirst(plugin);
  }
}

exports.default = DnsClusterMiddleware;
