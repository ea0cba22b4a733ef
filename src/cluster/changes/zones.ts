import { userOf, type Accounts } from '../../access/accounts.js';
import { accountOf, ownsOrIsRoot, type Principal } from '../../access/principal.js';
import { ClusterError } from '../../errors.js';
import { zoneFromTemplate } from '../../zones/templates.js';
import { versionsOf, type PastVersion, type ZoneHistory } from '../../zones/zone-history.js';
import type { ValidZone } from '../../zones/validation.js';
import type { ZoneName } from '../../zones/zone-name.js';
import type { ZoneStore } from '../../zones/zone-store.js';
import type { Conflict, Conflicts } from '../local/conflicts.js';
import type { LocalZones } from '../local/local-zones.js';
import { batchTarget, type Audit, authorize, authorizeRoot } from '../model/audit.js';
import type {
  BatchOutcome,
  ChangeOptions,
  ChangeResult,
  MemberZoneState,
  ZoneRow,
  ZoneToSave,
} from '../model/results.js';
import { inBatch } from './batch.js';
import type { Synchronize } from './synchronize.js';
import type { ZoneChanges } from './zone-changes.js';

/** What the zones are made of. */
interface Parts {
  store: ZoneStore;
  local: LocalZones;
  history: ZoneHistory;
  conflicts: Conflicts;
  changes: ZoneChanges;
  synchronize: Synchronize;
  accounts: Accounts;
  audit: Audit;
}

/**
 * The zones of this server, for those who may see them: a reseller reads and changes only theirs (zone_not_yours,
 * zone_unknown). What changes something is authorised and audited here.
 */
export class Zones {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** By name. */
  list(by: Principal): ZoneRow[] {
    const rows = this.#parts.store.inOrder();
    return by.kind === 'root' ? rows : rows.filter(({ owner }) => owner === accountOf(by));
  }

  count(by: Principal): number {
    const { store } = this.#parts;
    return by.kind === 'root' ? store.size : store.countOf(accountOf(by));
  }

  /** Without those whose file is known to be missing: a server that compares finds that they are lost here. */
  intact(by: Principal): ZoneRow[] {
    const missing = new Set(this.#parts.store.edits.missing());
    return this.list(by).filter(({ name }) => !missing.has(name));
  }

  /** One of them. */
  intactRow(name: ZoneName, by: Principal): ZoneRow | undefined {
    return this.#parts.store.edits.missing().includes(name) ? undefined : this.get(name, by);
  }

  /** How many those are. Asked by each health check: nothing is listed for it. */
  intactCount(by: Principal): number {
    const missing = this.#parts.store.edits.missing().filter((name) => this.get(name, by) !== undefined);
    return this.count(by) - missing.length;
  }

  get(name: ZoneName, by: Principal): ZoneRow | undefined {
    const entry = this.#parts.store.get(name);
    return entry !== undefined && ownsOrIsRoot(by, entry.owner) ? entry : undefined;
  }

  /** Rejects with zone_unknown. */
  text(name: ZoneName, by: Principal): Promise<Buffer> {
    const text = this.get(name, by) === undefined ? undefined : this.#parts.store.read(name);
    if (text === undefined) return Promise.reject(new ClusterError('zone_unknown', { zone: name }));
    // Whoever has it may write into it: what the store keeps in memory stays.
    return Promise.resolve(Buffer.from(text));
  }

  /** As `text`, after members of the role sync were asked: a newer copy of theirs is taken first. */
  async newestText(name: ZoneName, by: Principal): Promise<Buffer> {
    await this.#parts.synchronize.refresh(name, by);
    return this.text(name, by);
  }

  /** How far it is at each member. */
  states(name: ZoneName, by: Principal): MemberZoneState[] {
    return this.get(name, by) === undefined ? [] : this.#parts.changes.states(name, by);
  }

  /** The earlier versions, the newest first, each with the change that ended it. Rejects with zone_unknown. */
  async history(name: ZoneName, by: Principal): Promise<PastVersion[]> {
    authorize(by);
    const entry = this.get(name, by);
    if (entry === undefined) throw new ClusterError('zone_unknown', { zone: name });
    const versions = await this.#parts.history.of(name);
    const theirs = by.kind === 'root' ? versions : versionsOf(entry.owner, versions);
    return theirs.map(({ owner, newOwner, ...version }) => ({
      ...version,
      ...(owner === undefined ? {} : { owner: userOf(owner) }),
      ...(newOwner === undefined ? {} : { newOwner: userOf(newOwner) }),
    }));
  }

  /** Replaces or creates a zone by its master-file text, or by a zone that was validated for it already. */
  save(name: ZoneName, text: Buffer | ValidZone, by: Principal, options?: ChangeOptions): Promise<ChangeResult> {
    const { audit, changes } = this.#parts;
    return audit.command(by, 'saveZone', name, () => changes.save(name, text, by, options));
  }

  /** As `save`, but refuses a zone that is here already (zone_exists). */
  add(name: ZoneName, text: Buffer, by: Principal, options?: ChangeOptions): Promise<ChangeResult> {
    const { audit, changes } = this.#parts;
    return audit.command(by, 'addZone', name, () => changes.save(name, text, by, options, true));
  }

  /** Adds a zone from a template in templates/zones, as `standard`, with its variables, as `ip`. */
  create(
    name: ZoneName,
    { template, variables }: { template: string; variables: Readonly<Record<string, string>> },
    by: Principal,
    options?: ChangeOptions,
  ): Promise<ChangeResult> {
    const { audit, changes } = this.#parts;
    return audit.command(by, 'createZone', name, () =>
      changes.save(name, zoneFromTemplate(template, variables, name), by, options, true),
    );
  }

  remove(name: ZoneName, by: Principal, options?: ChangeOptions): Promise<ChangeResult> {
    const { audit, changes } = this.#parts;
    return audit.command(by, 'removeZone', name, () => changes.remove(name, by, options));
  }

  /** Many at once, one outcome each, in their order. */
  saveMany(zones: readonly ZoneToSave[], by: Principal, options?: ChangeOptions): Promise<BatchOutcome[]> {
    const { audit, changes } = this.#parts;
    const { sender } = options ?? {};
    const save = ({ name, text, lastGiven }: ZoneToSave): Promise<ChangeResult> =>
      changes.save(name, text, by, { ...options, ...(sender && { sender: { ...sender, lastGiven } }) });
    return audit.command(by, 'saveZones', batchTarget(zones.map(({ name }) => name)), () =>
      inBatch(zones, save, { atOnce: options?.switched === true }),
    );
  }

  removeMany(names: readonly ZoneName[], by: Principal, options?: ChangeOptions): Promise<BatchOutcome[]> {
    const { audit, changes } = this.#parts;
    return audit.command(by, 'removeZones', batchTarget(names), () => changes.removeMany(names, by, options));
  }

  /**
   * Gives zones to this user of the host, with their histories; one outcome each, in their order. Their texts, serials
   * and homes stay, and they are served throughout. Root's alone. Rejects with user_unknown.
   */
  setOwner(names: readonly ZoneName[], user: string, by: Principal): Promise<BatchOutcome[]> {
    const { audit, changes, accounts } = this.#parts;
    return audit.command(by, 'setOwner', `${batchTarget(names)} to ${user}`, () => {
      authorizeRoot(by);
      return changes.setOwner(names, accounts.named(user), by);
    });
  }

  /** How many an account has. */
  countOf(account: string): number {
    return this.#parts.store.countOf(account);
  }

  /** Of an account. */
  ownedBy(account: string): ZoneName[] {
    const { store } = this.#parts;
    if (store.countOf(account) === 0) return [];
    return store.inOrder().flatMap(({ name, owner }) => (owner === account ? name : []));
  }

  /** Makes the local nameserver load these zones again, or all; unknown names are skipped. */
  reload(names: readonly ZoneName[] | 'all', by: Principal): Promise<void> {
    const { audit, local } = this.#parts;
    return audit.command(by, 'reloadZones', names === 'all' ? 'all zones' : batchTarget(names), () => {
      const wanted = names === 'all' ? this.list(by) : names.map((name) => this.get(name, by));
      return local.reload(wanted.flatMap((entry) => entry?.name ?? []));
    });
  }

  /** Zones that two servers write, as far as this one has met it: of all for root, of their own for a reseller. */
  conflicts(by: Principal): Conflict[] {
    authorize(by);
    return this.#parts.conflicts.list(by);
  }

  /**
   * A zone becomes this server's, whoever had it; what the other sends of it is refused from then on. It is fetched
   * first where it is not here.
   */
  async takeOver(name: ZoneName, by: Principal): Promise<ChangeResult> {
    const [outcome] = await this.takeOverMany([name], by, true);
    if (outcome === undefined || 'error' in outcome)
      throw outcome?.error ?? new ClusterError('zone_unknown', { zone: name });
    return outcome.result;
  }

  /** Many at once, one outcome each, in their order. `isAlone`: what it is refused for is what this rejects with. */
  takeOverMany(names: readonly ZoneName[], by: Principal, isAlone = false): Promise<BatchOutcome[]> {
    const { audit, store, synchronize, changes } = this.#parts;
    return audit.command(by, 'takeOverZone', batchTarget(names), async () => {
      await synchronize.fetch(
        names.filter((name) => store.get(name) === undefined),
        by,
      );
      const outcomes = await changes.takeOver(names, by);
      const [first] = outcomes;
      if (isAlone && first !== undefined && 'error' in first) throw first.error;
      return outcomes;
    });
  }

  /** Zones here that belong to that server, or of which it has another version. */
  ofServer(server: string, by: Principal): ZoneName[] {
    const name = server.toLowerCase();
    const disputed = this.conflicts(by).flatMap(({ zone, servers }) => (servers.includes(name) ? zone : []));
    const theirs = this.list(by).flatMap(({ name: zone, home }) => (home?.server === name ? zone : []));
    return [...new Set([...theirs, ...disputed])].sort();
  }

  /**
   * Zones become another server's, by its host name, and members take its version from then on; until it comes, and
   * where there is none, they serve this one. One outcome each, in their order.
   */
  handOver(names: readonly ZoneName[], server: string, by: Principal): Promise<BatchOutcome[]> {
    const { audit, changes } = this.#parts;
    const target = `${batchTarget(names)} to ${server}`;
    return audit.command(by, 'handOverZones', target, () => changes.handOver(names, server, by));
  }

  /** The server that has these zones lets them go, and the next one that sends them has them. */
  free(names: readonly ZoneName[], by: Principal, options: ChangeOptions): Promise<BatchOutcome[]> {
    const { audit, changes } = this.#parts;
    return audit.command(by, 'freeZones', batchTarget(names), () => changes.free(names, by, options));
  }

  /** Dismisses the conflict: it is shown again when it is met again. Root's alone. */
  forgetConflict(name: ZoneName, by: Principal): Promise<void> {
    return this.#parts.audit.command(by, 'forgetConflict', name, () => {
      authorizeRoot(by);
      this.#parts.conflicts.forget(name);
    });
  }
}
