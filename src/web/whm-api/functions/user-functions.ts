import { z } from 'zod';
import type { Principal } from '../../../access/principal.js';
import { ClusterError } from '../../../errors.js';
import type { HostAccounts } from '../../../host/host-panel.js';
import { readPluginManifest } from '../../../host/plugin-manifest.js';
import { recorded, removeUser } from '../../user-removal.js';
import { apiFunction, flag, many, text, wordOf, type ApiFunction, type ApiStores } from '../api-function.js';

/** Not `clustering`: peers' tokens have that. */
const privilege = 'all';

const panelUser = z.object({ user: z.string(), kind: wordOf('root', 'reseller'), privileges: z.array(z.string()) });

/** The users of the bare-bones panel. Root's alone. */
export const USER_FUNCTIONS = {
  listpanelusers: apiFunction({
    summary: 'The users of the bare-bones panel, with their privileges',
    privilege,
    parameters: {},
    answer: z.object({ user: z.array(panelUser) }),
    run: (_, { peer }, stores) => ({
      user: accountsOf(stores, peer)
        .list()
        .map(({ user, kind, privileges }) => ({ user, kind, privileges })),
    }),
  }),
  addpaneluser: apiFunction({
    summary: 'Add a user of the bare-bones panel: a reseller with these privileges, or one with all the rights of root',
    privilege,
    parameters: { user: text, password: text, root: flag.optional(), acl: many(text) },
    answer: panelUser,
    run: async ({ user, password, root = false, acl }, { peer }, stores) => {
      const accounts = accountsOf(stores, peer);
      const account = root
        ? { user, kind: 'root' as const, privileges: ['all'] }
        : { user, kind: 'reseller' as const, privileges: known(acl) };
      await recorded('addUser', user, peer, stores.audit, () => {
        refuseLimited(user, peer);
        return accounts.add(account, password);
      });
      return account;
    },
  }),
  setpanelpassword: apiFunction({
    summary: 'Change the password of a user of the bare-bones panel; sessions with the old one end',
    privilege,
    parameters: { user: text, password: text },
    answer: z.object({ user: z.string() }),
    run: async ({ user, password }, { peer }, stores) => {
      const accounts = accountsOf(stores, peer);
      await recorded('setPassword', user, peer, stores.audit, () => {
        refuseLimited(user, peer);
        return accounts.setPassword(user, password);
      });
      return { user };
    },
  }),
  removepaneluser: apiFunction({
    summary:
      'Remove a user of the bare-bones panel with their API tokens and their own members; `zones_to` is to have their zones, or they are removed too: `remove_zones`',
    privilege,
    parameters: { user: text, zones_to: text.optional(), remove_zones: flag.optional() },
    answer: z.object({
      user: z.string(),
      revoked: z.array(z.string()),
      zones: z.number(),
      members: z.array(z.string()),
    }),
    run: async ({ user, zones_to: to, remove_zones: remove }, { cluster, peer }, stores) => {
      const accounts = accountsOf(stores, peer);
      if (to !== undefined && remove === true)
        throw new ClusterError('parameter_invalid', { parameter: 'zones_to', why: 'can not go with remove_zones' });
      const { tokens, audit } = stores;
      return { user, ...(await removeUser(user, { to, remove }, peer, { cluster, accounts, tokens, audit })) };
    },
  }),
} satisfies Readonly<Record<string, ApiFunction>>;

/** Throws privilege_missing, and users_of_host where the host looks after its users itself. */
function accountsOf({ accounts }: ApiStores, peer: Principal): HostAccounts {
  if (peer.kind !== 'root') throw new ClusterError('privilege_missing', { privilege: 'root' });
  if (accounts === undefined) throw new ClusterError('users_of_host');
  return accounts;
}

/** A login has no limits, so a token that has some makes none for itself. Throws token_has_limits. */
function refuseLimited(user: string, { limits }: Principal): void {
  if (limits !== undefined) throw new ClusterError('token_has_limits', { user: user.slice(0, 40) });
}

/** Throws parameter_invalid where one is no privilege that a reseller can have. */
function known(privileges: readonly string[]): string[] {
  const names = readPluginManifest().privileges.map(({ name }) => name);
  const strange = privileges.find((name) => !names.includes(name));
  if (strange === undefined) return [...privileges];
  throw new ClusterError('parameter_invalid', { parameter: 'acl', why: `must be one of ${names.join(', ')}` });
}
