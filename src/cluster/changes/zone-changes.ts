import { actorOf, type Principal } from '../../access/principal.js';
import { ClusterError, isClusterError } from '../../errors.js';
import { isSameServer } from '../../zones/home.js';
import { isValidZone, validateZone, type ValidZone } from '../../zones/validation.js';
import { demandALabels, type ZoneName } from '../../zones/zone-name.js';
import type { ZoneStore } from '../../zones/zone-store.js';
import type { Conflicts } from '../local/conflicts.js';
import type { LocalChange } from '../local/decision.js';
import type { KnownServers } from '../local/known-servers.js';
import type { LocalZones } from '../local/local-zones.js';
import type { LocalOutcome } from '../local/publishing.js';
import type { Delivery } from '../delivery/delivery.js';
import type { ZoneVersions } from '../local/zone-versions.js';
import { Progress } from './progress.js';
import { inBatch } from './batch.js';
import { epochsAtMembers, isKnownAt, sourcesFor, refuseExisting } from './sources.js';
import type { Claim, ConflictPolicy } from '../local/zone-home.js';
import type { BatchOutcome, ChangeOptions, ChangeResult, MemberZoneState } from '../model/results.js';

interface ZoneChangesOptions {
  local: LocalZones;
  store: ZoneStore;
  versions: ZoneVersions;
  conflicts: Conflicts;
  servers: KnownServers;
  workers: Delivery;
  /** Which of two servers' versions counts. */
  policy: () => ConflictPolicy;
}

/** A change of one zone from its text to how far it is everywhere: on this server, then at the members. */
export class ZoneChanges {
  readonly #options: ZoneChangesOptions;
  readonly #progress: Progress;

  constructor(options: ZoneChangesOptions) {
    this.#options = options;
    this.#progress = new Progress(options.workers);
  }

  // Asynchronous from the parse on: its refusal is this zone's outcome, and not the batch's.
  async save(
    zone: ZoneName,
    text: Buffer | ValidZone,
    by: Principal,
    options: ChangeOptions = {},
    isNew = false,
  ): Promise<ChangeResult> {
    // A host may be written without types.
    if (!Buffer.isBuffer(text) && !(isValidZone(text) && text.name === zone))
      throw new ClusterError('parameter_invalid', { parameter: 'text', why: 'must be a Buffer, as Buffer.from(text)' });
    const valid = Buffer.isBuffer(text) ? validateZone(zone, text) : text;
    const claim = this.#claimOf(options, by);
    const { local, store, versions, workers } = this.#options;
    if (options.sender === undefined && store.get(zone) === undefined) demandALabels(zone);
    const silent = isNew ? await refuseExisting(zone, by, sourcesFor(by, workers)) : [];
    // Before it is written: the members are told in the middle of that.
    versions.hostsSeen.record(zone, valid.digest, options.sender?.hostsSeen);
    const { ifText, ifRemovedAt, switched } = options;
    const keep = versions.keep(zone, actorOf(by));
    const outcome = await local
      .change({ kind: 'save', valid, by, isNew, ifText, ifRemovedAt, switched, ...claim, keep })
      .catch(this.#conflict(zone, claim));
    const { conflictWith } = outcome;
    if (conflictWith !== undefined) this.#met(zone, claim.claimed?.server ?? '', conflictWith);
    await this.#progress.finished(zone, options);
    const warnings = valid.warnings.map((issue) => `line ${issue.line}: ${issue.message}`);
    return { zone, ...outcome, members: this.#progress.of(zone, by), warnings: [...silent, ...warnings] };
  }

  /** How far a zone is at each member that `by` may see. */
  states(zone: ZoneName, by: Principal): MemberZoneState[] {
    return this.#progress.of(zone, by);
  }

  /**
   * One outcome each, in their order. Together, so that a check for too many sees all of them: none
   * has to wait for the disk before it begins. Where the disk refuses, each says so.
   */
  async removeMany(names: readonly ZoneName[], by: Principal, options?: ChangeOptions): Promise<BatchOutcome[]> {
    await Promise.allSettled(names.map((name) => this.#rememberHolders(this.#removalOf(name, by, options))));
    const zones = names.map((name) => ({ name }));
    return inBatch(zones, ({ name }) => this.remove(name, by, options), { atOnce: true });
  }

  async remove(zone: ZoneName, by: Principal, options: ChangeOptions = {}): Promise<ChangeResult> {
    const removal = this.#removalOf(zone, by, options);
    const holders = this.#progress.of(zone, by);
    const { local, versions, conflicts } = this.#options;
    await this.#rememberHolders(removal);
    versions.hostsSeen.record(zone, undefined, options.sender?.hostsSeen);
    const outcome = await local.change(removal);
    conflicts.forget(zone);
    await this.#progress.finished(zone, options);
    const members = this.#progress.ofRemoval(zone, by, { holders, isKept: outcome.isKept });
    return { zone, ...outcome, members, warnings: [] };
  }

  /** Zones are this account's from now on. One outcome each, in their order. */
  setOwner(names: readonly ZoneName[], owner: string, by: Principal): Promise<BatchOutcome[]> {
    const { local, versions } = this.#options;
    const zones = names.map((name) => ({ name }));
    const give = async ({ name }: { name: ZoneName }): Promise<ChangeResult> => {
      const keep = versions.keep(name, actorOf(by));
      const outcome = await local.change({ kind: 'setOwner', name, owner, keep });
      return { zone: name, ...outcome, members: this.#progress.of(name, by), warnings: [] };
    };
    return inBatch(zones, give, { atOnce: true });
  }

  /** Zones are this server's from now on; one outcome each, in their order. */
  async takeOver(names: readonly ZoneName[], by: Principal): Promise<BatchOutcome[]> {
    const { local, servers, workers } = this.#options;
    const epochs = await epochsAtMembers(workers, names);
    return this.#move(names, by, (name, keep) =>
      local.change({ kind: 'takeOver', name, by, here: servers.here, above: epochs.get(name) ?? 0, keep }),
    );
  }

  /**
   * Zones are that server's from now on; one outcome each, in their order. Rejects with server_unknown where neither
   * this server nor a member knows it, with parameter_invalid where it is this one.
   */
  async handOver(names: readonly ZoneName[], server: string, by: Principal): Promise<BatchOutcome[]> {
    const { local, servers, workers } = this.#options;
    const { here } = servers;
    const to = servers.present({ server: server.toLowerCase(), epoch: 0 });
    if (isSameServer(to, here))
      throw new ClusterError('parameter_invalid', { parameter: 'server', why: 'is this server' });
    if (!servers.isKnown(to.server) && !(await isKnownAt(workers, to.server)))
      throw new ClusterError('server_unknown', { server });
    return this.#move(names, by, (name, keep) => local.change({ kind: 'handOver', name, by, here, to, keep }));
  }

  /** What is known of who had them is over. */
  #move(
    names: readonly ZoneName[],
    by: Principal,
    change: (name: ZoneName, keep: NonNullable<LocalChange['keep']>) => Promise<LocalOutcome>,
  ): Promise<BatchOutcome[]> {
    const { versions, conflicts } = this.#options;
    const move = async ({ name }: { name: ZoneName }): Promise<ChangeResult> => {
      versions.hostsSeen.record(name, undefined);
      const outcome = await change(name, versions.keep(name, actorOf(by)));
      conflicts.forget(name);
      await this.#progress.finished(name, {});
      return { zone: name, ...outcome, members: this.#progress.of(name, by), warnings: [] };
    };
    return inBatch(
      names.map((name) => ({ name })),
      move,
      { atOnce: true },
    );
  }

  /** Their server let these zones go; one outcome each, in their order. */
  free(names: readonly ZoneName[], by: Principal, options: ChangeOptions): Promise<BatchOutcome[]> {
    const claim = this.#claimOf(options, by);
    const free = async ({ name }: { name: ZoneName }): Promise<ChangeResult> => {
      const outcome = await this.#options.local.change({ kind: 'free', name, by, ...claim });
      return { zone: name, ...outcome, members: [], warnings: [] };
    };
    return inBatch(
      names.map((name) => ({ name })),
      free,
      { atOnce: true },
    );
  }

  #removalOf(name: ZoneName, by: Principal, options: ChangeOptions = {}): LocalChange & { kind: 'remove' } {
    const keep = this.#options.versions.keep(name, actorOf(by));
    const { evenOfOthers, keepAtMembers } = options;
    return { kind: 'remove', name, by, evenOfOthers, keepAtMembers, keep, ...this.#claimOf(options, by) };
  }

  /** Which members have it is on disk when it resolves. Rejects where it may not be removed, with nothing written. */
  async #rememberHolders(removal: LocalChange & { kind: 'remove' }): Promise<void> {
    this.#options.local.demand(removal);
    await this.#options.workers.remember(removal.name);
  }

  /**
   * Who came by a server is of that one's making, and says whose the zone is, or does not know. Only root is believed:
   * what others bring is this server's.
   */
  #claimOf({ sender }: ChangeOptions, by: Principal): Claim {
    const { here } = this.#options.servers;
    const policy = this.#options.policy();
    if (sender === undefined) return { here, policy };
    const claimed = sender.claimed && this.#options.servers.present(sender.claimed);
    return by.kind === 'root' ? { ...sender, claimed, policy } : { here, unproven: claimed, policy };
  }

  /** Notes that a version was refused because of another server's. */
  #conflict(zone: ZoneName, { claimed }: Claim): (error: unknown) => never {
    return (error) => {
      const held = this.#options.store.get(zone)?.home?.server;
      const isConflict = isClusterError(error, 'zone_of_other_server');
      if (isConflict && held !== undefined && claimed !== undefined) this.#met(zone, held, claimed.server);
      throw error;
    };
  }

  #met(zone: ZoneName, kept: string, other: string): void {
    this.#options.conflicts.record(zone, { kept, other, metAt: this.#options.versions.here });
  }
}
