import { createPlugin, readPluginManifest } from 'dns-cluster';

/** Where the panel's menu shows it: group, label, path, and the privilege that a user needs. */
export const { menu } = readPluginManifest();

/** DNS Cluster for this panel. All that is translated is who is logged in. */
export function createDnsCluster(users, settings) {
  const kindOf = (user) => (user.isAdmin ? 'root' : 'reseller');
  const privilegesOf = (user) => (user?.isAdmin ? ['all'] : user?.privileges);
  const host = {
    name: 'Example Panel',
    // passport has put the user there, out of the session.
    identify({ user, sessionID }) {
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
}
