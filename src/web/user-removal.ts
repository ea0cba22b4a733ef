import { actorOf, SELF, type Principal } from '../access/principal.js';
import type { TokenStore } from '../access/tokens.js';
import type { Cluster } from '../cluster/cluster.js';
import { asClusterError, ClusterError } from '../errors.js';
import type { HostAccounts } from '../host/host-panel.js';
import type { AuditLog } from '../operations/audit-log.js';
import { refuseChanged } from '../state/revision.js';
import type { ZoneName } from '../zones/zone-name.js';

/** What becomes of a user's zones: they are given to another user, or removed. */
export interface ZonesOfRemoved {
  to?: string | undefined;
  remove?: boolean | undefined;
  /** The revision of the user (`removalRevision`) for which it was said. */
  seen?: string | undefined;
}

/** What became of a user's things, for whoever removed them. */
interface Removed {
  /** Names of tokens. */
  revoked: string[];
  zones: number;
  /** Host names of the members that were the user's own: they are sent nothing more, and keep what they have. */
  members: string[];
}

interface RemovalParts {
  cluster: Cluster;
  accounts: HostAccounts;
  tokens: TokenStore;
  audit?: AuditLog | undefined;
}

/**
 * Removes a user of the host with their tokens and their own members, once it is said what becomes of their zones.
 * Audited. Rejects with user_unknown, user_last_root, user_has_zones, changed_meanwhile, and as a change of their zones
 * does; then the user stays.
 */
export function removeUser(user: string, what: ZonesOfRemoved, by: Principal, parts: RemovalParts): Promise<Removed> {
  return recorded('removeUser', user, by, parts.audit, () => removed(user, what, by, parts));
}

/** How many zones are to have another owner before this user is removed. */
export function zonesToSettle(user: string, { accounts, zones }: Cluster): number {
  const account = accounts.of(user);
  // The machine's own root has its zones with or without a user of the panel.
  return account === SELF.user ? 0 : zones.countOf(account);
}

/** Names the user, and how many zones are theirs, as a question shows them. */
export function removalRevision(user: string, cluster: Cluster): string {
  return `${cluster.accounts.of(user)} ${zonesToSettle(user, cluster)}`;
}

async function removed(user: string, what: ZonesOfRemoved, by: Principal, parts: RemovalParts): Promise<Removed> {
  const { cluster, accounts } = parts;
  refuseLastRoot(user, accounts);
  refuseChanged(`The user ${user}`, what.seen, removalRevision(user, cluster));
  if (what.to === user)
    throw new ClusterError('parameter_invalid', { parameter: 'zones_to', why: 'is who is removed' });
  if (what.to !== undefined) cluster.accounts.named(what.to);
  const account = cluster.accounts.of(user);
  const settle = async (zones: ZoneName[]): Promise<number> => {
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
  const theirs = (): ZoneName[] => (account === SELF.user ? [] : cluster.zones.ownedBy(account));
  const before = await settle(theirs());
  await accounts.remove(user);
  const revoked = await endAccount(user, parts, by);
  const members = await cluster.members.removeOf(account, by);
  // Somebody who was logged in as this user may have made another meanwhile.
  const isSaid = what.to !== undefined || what.remove === true;
  return { revoked, zones: before + (isSaid ? await settle(theirs()) : 0), members };
}

/**
 * For a user whom the host has no more: whoever has the name later is another, and has none of the tokens. Resolves
 * with the names of those.
 */
export async function endAccount(
  user: string,
  { cluster, tokens }: Pick<RemovalParts, 'cluster' | 'tokens'>,
  by: Principal = SELF,
): Promise<string[]> {
  await cluster.accounts.ended(user);
  const revoked = tokens.list(user).map(({ name }) => name);
  for (const name of revoked) await tokens.revoke(user, name, by);
  if (tokens.accessKeyMade(user) !== undefined) await tokens.revokeAccessKey(user, by);
  return revoked;
}

/** Into the audit log, also where it was refused. */
export async function recorded<T>(
  action: string,
  target: string,
  by: Principal,
  audit: AuditLog | undefined,
  change: () => Promise<T>,
): Promise<T> {
  const entry = { time: new Date().toISOString(), action, target: target.slice(0, 40), ...actorOf(by) };
  try {
    const answer = await change();
    await audit?.record(entry);
    return answer;
  } catch (error) {
    await audit?.record({ ...entry, refused: asClusterError(error).code });
    throw error;
  }
}

/** Before their zones are somebody else's. */
function refuseLastRoot(user: string, accounts: HostAccounts): void {
  const listed = accounts.list();
  const found = listed.find((one) => one.user === user);
  if (found === undefined) throw new ClusterError('user_unknown', { user: user.slice(0, 40) });
  const roots = listed.filter(({ kind }) => kind === 'root');
  if (found.kind === 'root' && roots.length === 1) throw new ClusterError('user_last_root', { user });
}
