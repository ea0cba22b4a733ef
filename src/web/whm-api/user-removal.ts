import { SELF, type Principal } from '../../access/principal.js';
import type { TokenStore } from '../../access/tokens.js';
import type { Cluster } from '../../cluster/cluster.js';
import { ClusterError } from '../../errors.js';
import type { HostAccounts } from '../../host/host-panel.js';

/** What becomes of a user's zones: they are given to another user, or removed. */
export interface ZonesOfRemoved {
  to?: string | undefined;
  remove?: boolean | undefined;
}

/**
 * Removes a user of the host with their tokens, once it is said what becomes of their zones. Resolves with the tokens
 * that were revoked and the number of zones. Rejects with user_unknown, user_last_root, user_has_zones, and as a change
 * of their zones does; then the user stays.
 */
export async function removeUser(
  user: string,
  what: ZonesOfRemoved,
  by: Principal,
  { cluster, accounts, tokens }: { cluster: Cluster; accounts: HostAccounts; tokens: TokenStore },
): Promise<{ revoked: string[]; zones: number }> {
  refuseLastRoot(user, accounts);
  if (what.to === user)
    throw new ClusterError('parameter_invalid', { parameter: 'zones_to', why: 'is who is removed' });
  if (what.to !== undefined) cluster.accounts.named(what.to);
  const account = cluster.accounts.of(user);
  // The machine's own root has its zones with or without a user of the panel.
  const theirs = (): ReturnType<Cluster['zones']['ownedBy']> =>
    account === SELF.user ? [] : cluster.zones.ownedBy(account);
  const settle = async (): Promise<number> => {
    const zones = theirs();
    if (zones.length === 0) return 0;
    if (what.to === undefined && what.remove !== true)
      throw new ClusterError('user_has_zones', { user, zones: zones.length });
    const outcomes =
      what.to === undefined
        ? await cluster.zones.removeMany(zones, by, { wait: 'local' })
        : await cluster.zones.setOwner(zones, what.to, by);
    for (const outcome of outcomes) if ('error' in outcome) throw outcome.error;
    return zones.length;
  };
  const before = await settle();
  await accounts.remove(user);
  await cluster.accounts.ended(user);
  const { allowedNames } = cluster.settings.values;
  if (allowedNames.some((one) => one.account === user)) await cluster.settings.allowNames(user, [], by);
  const revoked = tokens.list(user).map(({ name }) => name);
  for (const name of revoked) await tokens.revoke(user, name, by);
  if (tokens.accessKeyMade(user) !== undefined) await tokens.revokeAccessKey(user, by);
  // Somebody who was logged in as this user may have made another meanwhile.
  const isSaid = what.to !== undefined || what.remove === true;
  return { revoked, zones: before + (isSaid ? await settle() : 0) };
}

/** Before their zones are somebody else's. */
function refuseLastRoot(user: string, accounts: HostAccounts): void {
  const listed = accounts.list();
  const found = listed.find((one) => one.user === user);
  if (found === undefined) throw new ClusterError('user_unknown', { user: user.slice(0, 40) });
  const roots = listed.filter(({ kind }) => kind === 'root');
  if (found.kind === 'root' && roots.length === 1) throw new ClusterError('user_last_root', { user });
}
