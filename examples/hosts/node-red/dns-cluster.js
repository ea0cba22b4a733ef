/**
 * DNS Cluster as a plugin of Node-RED: pages below its httpAdmin, for users of its adminAuth. Permission `*` is root; permission
 * `clustering.write` makes a user a reseller who may use it. The API has a TLS listener of its own, because Node-RED reads
 * bodies before any plugin sees them. In settings.js: `dnsCluster: { folder, hostname, nameserver, apiListener }`.
 */
const { bearerCookie, createPlugin, readPluginManifest, stopFirst } = require('dns-cluster');

const { menu } = readPluginManifest();
const PERMISSION = `${menu.privilege}.write`;

module.exports = (RED) => {
  const { adminAuth, dnsCluster: settings, httpAdminRoot } = RED.settings;
  if (settings === undefined || httpAdminRoot === false) {
    RED.log.warn('dns-cluster: settings.js has no dnsCluster, or no httpAdmin; it is not started');
    return;
  }
  const cookie = bearerCookie({ name: 'node-red-dns-cluster', path: `${httpAdminRoot}${menu.path.slice(1)}` });
  const rightsOf = (permissions) => {
    const scope = [permissions].flat();
    if (scope.includes('*')) return { kind: 'root', privileges: ['all'] };
    return { kind: 'reseller', privileges: scope.includes(PERMISSION) ? [menu.privilege] : [] };
  };
  const listed = Array.isArray(adminAuth?.users) ? adminAuth.users : [];
  const host = {
    name: 'Node-RED',
    // Node-RED's own check has put both there.
    identify(request) {
      const { user, authInfo } = request;
      if (user === undefined || user.anonymous) return undefined;
      return { user: user.username, ...rightsOf(authInfo.scope), sessionId: cookie.loginId(request) };
    },
    loginUrl: () => httpAdminRoot,
    links: () => [{ label: 'Editor', href: httpAdminRoot }],
    users() {
      const known = listed.map(({ username, permissions }) => ({ user: username, kind: rightsOf(permissions).kind }));
      return known.sort((a, b) => Number(b.kind === 'root') - Number(a.kind === 'root'));
    },
    privileges(name) {
      const found = listed.find(({ username }) => username === name);
      return found && rightsOf(found.permissions).privileges;
    },
    notify: ({ subject, text }) => RED.log.warn(`dns-cluster: ${subject}: ${text}`),
  };
  const plugin = createPlugin(host, settings);

  const authenticate = RED.auth.needsPermission('');
  // Who comes without a token is sent to the editor, which has the login; Node-RED would answer with an empty 401.
  const authenticateToken = (request, response, next) =>
    request.headers.authorization === undefined ? next() : authenticate(request, response, next);
  RED.httpAdmin.post(`${menu.path}-login`, RED.auth.needsPermission(PERMISSION), cookie.give);
  RED.httpAdmin.use(menu.path, cookie.take, authenticateToken, plugin.pages);
  plugin.start().catch((error) => RED.log.error(`dns-cluster could not start: ${error.message}`));
  stopFirst(plugin);
};
