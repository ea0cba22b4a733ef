const { createPlugin, readPluginManifest } = require('dns-cluster');

/** Where the panel's menu shows it: group, label, path, and the privilege that a user needs. */
exports.menu = readPluginManifest().menu;

/** DNS Cluster for this panel. All that is translated is who is logged in. */
exports.createDnsCluster = (users, settings) => {
  const kindOf = (user) => (user.isAdmin ? 'root' : 'reseller');
  const privilegesOf = (user) => (user?.isAdmin ? ['all'] : user?.privileges);
  const host = {
    name: 'Example Panel',
    // Absent where a request did not come through the session.
    identify({ session, sessionID }) {
      const user = users.find(({ name }) => name === session?.user);
      if (user === undefined) return undefined;
      return { user: user.name, kind: kindOf(user), privileges: privilegesOf(user), sessionId: sessionID };
    },
    loginUrl: (request) => `/login?next=${encodeURIComponent(request.originalUrl)}`,
    links: () => [
      { label: 'Home', href: '/' },
      { label: 'Log out', href: '/logout' },
    ],
    users: () => users.map((user) => ({ user: user.name, kind: kindOf(user) })),
    privileges: (name) => privilegesOf(users.find((user) => user.name === name)),
  };
  return createPlugin(host, settings);
};
