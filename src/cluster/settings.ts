import type { Principal } from '../access/principal.js';
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

  get values(): ClusterSettings {
    return settingsSchema.parse(this.#parts.state.data);
  }

  /** Of the names that root allows accounts, an account sees its own. */
  shownTo({ kind, user }: Principal): ClusterSettings {
    const { values } = this;
    return kind === 'root'
      ? values
      : { ...values, allowedNames: values.allowedNames.filter(({ account }) => account === user) };
  }

  /** Are zones sent to members at all? */
  get clustering(): boolean {
    return this.#parts.state.data.clustering;
  }

  /**
   * Changes what is named, and keeps the rest. `seen`: the revision of what is named from which the change was made.
   * Rejects with parameter_invalid, changed_meanwhile; then nothing is changed.
   */
  change(change: Partial<ClusterSettings>, by: Principal, seen?: string): Promise<void> {
    const { audit, state } = this.#parts;
    return audit.command(by, 'configure', Object.entries(change).map(shown).join(' '), async () => {
      authorizeRoot(by);
      const named = Object.keys(change) as (keyof ClusterSettings)[];
      await state.update((draft) => {
        refuseChanged('The settings of the cluster', seen, revisionOf(draft, named));
        Object.assign(draft, settingsRead({ ...draft, ...change }));
      });
    });
  }

  /**
   * The names that this account may make whatever the rules for names say, in place of those allowed so far. Rejects
   * with parameter_invalid; then nothing is changed.
   */
  allowNames(account: string, zones: readonly ZoneName[], by: Principal): Promise<void> {
    const { audit, state } = this.#parts;
    return audit.command(by, 'allowNames', `${account}: ${zones.join(' ') || 'none'}`, async () => {
      authorizeRoot(by);
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
