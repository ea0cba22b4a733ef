import { userOf } from '../../access/accounts.js';
import { accountOf, type Principal } from '../../access/principal.js';
import { ClusterError } from '../../errors.js';
import type { ZoneHistory } from '../../zones/zone-history.js';
import type { ZoneName } from '../../zones/zone-name.js';
import type { ZoneStore } from '../../zones/zone-store.js';
import type { ZoneChanges } from './zone-changes.js';
import type { ChangeOptions, ChangeResult, RemovedZone } from '../model/results.js';
import { type Audit, authorize } from '../model/audit.js';

const MOST_LISTED = 1_000;

interface RemovedZonesOptions {
  store: ZoneStore;
  history: ZoneHistory;
  changes: ZoneChanges;
  audit: Audit;
}

/**
 * Zones that were removed here, and bringing one back: with its text, its owner, and a serial above any that was
 * served.
 */
export class RemovedZones {
  readonly #options: RemovedZonesOptions;

  constructor(options: RemovedZonesOptions) {
    this.#options = options;
  }

  /**
   * The last that were removed, the newest first: all of them for root, what they removed themselves for a reseller.
   */
  list(by: Principal): RemovedZone[] {
    authorize(by);
    const { store } = this.#options;
    const removed: RemovedZone[] = [];
    const account = accountOf(by);
    for (const [zone, { serial, removedAt, by: user, owner = user }] of store.tombstones()) {
      const isTheirs = by.kind === 'root' || (user === by.user && owner === account);
      if (isTheirs && store.get(zone) === undefined) removed.push({ zone, serial, removedAt, user });
    }
    return removed.sort((a, b) => b.removedAt - a.removedAt).slice(0, MOST_LISTED);
  }

  /** Rejects with zone_exists, zone_not_kept, zone_not_yours, changed_meanwhile, and as every new zone does. */
  restore(zone: ZoneName, by: Principal, options?: ChangeOptions): Promise<ChangeResult> {
    return this.#options.audit.command(by, 'restoreZone', zone, () => this.#restore(zone, by, options));
  }

  async #restore(zone: ZoneName, by: Principal, options?: ChangeOptions): Promise<ChangeResult> {
    const { store, history, changes } = this.#options;
    if (store.get(zone) !== undefined) throw new ClusterError('zone_exists', { zone });
    const tombstone = store.tombstone(zone);
    const { ifRemovedAt = tombstone?.serial } = options ?? {};
    const last = (await history.of(zone)).find(({ change }) => change === 'removed');
    if (last === undefined) throw new ClusterError('zone_not_kept', { zone });
    const account = accountOf(by);
    const { owner = account } = last;
    const isOther = owner !== account || (tombstone?.owner ?? account) !== account;
    if (by.kind !== 'root' && isOther) throw new ClusterError('zone_not_yours', { zone });
    // A zone belongs to whom it belonged to.
    const isForOther = owner !== account;
    const owning: Principal = isForOther ? { ...by, user: userOf(owner), account: owner, kind: 'reseller' } : by;
    const result = await changes.save(zone, last.text, owning, { ...options, ifRemovedAt }, true);
    // As the one sees it who brings it back.
    return { ...result, members: changes.states(zone, by) };
  }
}
