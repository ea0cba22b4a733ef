import type { Accounts } from '../access/accounts.js';
import { accountOf, type Principal } from '../access/principal.js';
import { ClusterError } from '../errors.js';
import type { Nameserver } from '../nameservers/nameserver.js';
import type { JsonState } from '../state/json-state.js';
import { refuseChanged, revisionOf } from '../state/revision.js';
import type { Delivery } from './delivery/delivery.js';
import type { ZoneName } from '../zones/zone-name.js';
import { refuseSignedZones } from './local/signed-zones.js';
import { settingsSchema, type ClusterSettings, type ClusterState } from './model/cluster-state.js';
import { type Audit, authorizeRoot } from './model/audit.js';

interface Parts {
  /** This server's host name. */
  hostname: string;
  accounts: Accounts;
  state: JsonState<ClusterState>;
  nameserver: Nameserver;
  delivery: Delivery;
  audit: Audit;
}

/** What root decides for the cluster. */
export class Settings {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Allowed names have the user names of accounts, and are left out where the user is no more. */
  get values(): ClusterSettings {
    return this.#named(settingsSchema.parse(this.#parts.state.data));
  }

  /** Of the names that root allows accounts, an account sees its own. */
  shownTo(by: Principal): ClusterSettings {
    const { values } = this;
    const own = this.allowedTo(by).map((zone) => ({ account: by.user, zone }));
    return by.kind === 'root' ? values : { ...values, allowedNames: own };
  }

  /** The names that an account may make whatever the rules for names say. */
  allowedTo(by: Principal): ZoneName[] {
    const { allowedNames } = this.#parts.state.data;
    return allowedNames.flatMap(({ account, zone }) => (account === accountOf(by) ? (zone as ZoneName) : []));
  }

  /** Are zones sent to members at all? */
  get clustering(): boolean {
    return this.#parts.state.data.clustering;
  }

  /**
   * Changes what is named, and keeps the rest. `seen`: the revision of what is named from which the change was made.
   * Rejects with parameter_invalid, user_unknown, changed_meanwhile; then nothing is changed.
   */
  change(change: Partial<ClusterSettings>, by: Principal, seen?: string): Promise<void> {
    const { audit, state } = this.#parts;
    return audit.command(by, 'configure', Object.entries(change).map(shown).join(' '), async () => {
      authorizeRoot(by);
      const named = Object.keys(change) as (keyof ClusterSettings)[];
      await state.update((draft) => {
        refuseChanged('The settings of the cluster', seen, revisionOf(this.#named(draft), named));
        const read = settingsRead({ ...draft, ...change });
        Object.assign(draft, change.allowedNames === undefined ? read : this.#kept(read));
      });
    });
  }

  /**
   * The names that this user may make whatever the rules for names say, in place of those allowed so far. Rejects with
   * parameter_invalid, user_unknown; then nothing is changed.
   */
  allowNames(user: string, zones: readonly ZoneName[], by: Principal): Promise<void> {
    const { audit, state, accounts } = this.#parts;
    return audit.command(by, 'allowNames', `${user}: ${zones.join(' ') || 'none'}`, async () => {
      authorizeRoot(by);
      const account = accounts.named(user);
      await state.update((draft) => {
        const others = draft.allowedNames.filter((one) => one.account !== account);
        const allowedNames = [...others, ...[...new Set(zones)].map((zone) => ({ account, zone }))];
        Object.assign(draft, settingsRead({ ...draft, allowedNames }));
      });
    });
  }

  /** Turns clustering on or off. Rejects with nameserver_signs_zones. */
  setClustering(on: boolean, by: Principal): Promise<void> {
    const { audit, state, nameserver, delivery, hostname } = this.#parts;
    return audit.command(by, 'setClustering', on ? 'on' : 'off', async () => {
      authorizeRoot(by);
      if (on) refuseSignedZones(hostname, await nameserver.status());
      await state.update((draft) => {
        draft.clustering = on;
      });
      delivery.reconsider();
    });
  }

  /** With the users of accounts, as root knows them; without what is for somebody who is no more. */
  #named<T extends ClusterSettings>(kept: T): T {
    const shown = this.#parts.accounts.shown();
    const allowedNames = kept.allowedNames.flatMap(({ account, zone }) => {
      const { owner, ownerRemoved } = shown(account);
      return ownerRemoved === true ? [] : { account: owner, zone };
    });
    return { ...kept, allowedNames };
  }

  /** With the accounts of users. Throws user_unknown. */
  #kept(named: ClusterSettings): ClusterSettings {
    const { accounts } = this.#parts;
    const accountOfUser = new Map<string, string>();
    for (const { account: user } of named.allowedNames)
      if (!accountOfUser.has(user)) accountOfUser.set(user, accounts.named(user));
    const allowedNames = named.allowedNames.map((one) => ({ ...one, account: accountOfUser.get(one.account) ?? '' }));
    return { ...named, allowedNames };
  }
}

/** Throws parameter_invalid. */
function settingsRead(values: unknown): ClusterSettings {
  const read = settingsSchema.safeParse(values);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new ClusterError('parameter_invalid', {
    parameter: issue?.path.join('.') ?? '',
    why: `is wrong (${issue?.message ?? ''})`,
  });
}

function shown([name, value]: [string, unknown]): string {
  return `${name}=${typeof value === 'object' ? '…' : JSON.stringify(value)}`;
}
