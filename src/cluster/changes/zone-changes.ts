import { actorOf, type Actor, type Principal } from '../../access/principal.js';
import { ClusterError, isClusterError } from '../../errors.js';
import { isValidZone, validateZone, type ValidZone } from '../../zones/validation.js';
import type { ZoneHistory } from '../../zones/zone-history.js';
import type { ZoneName } from '../../zones/zone-name.js';
import type { ZoneStore } from '../../zones/zone-store.js';
import type { Conflicts } from '../local/conflicts.js';
import type { Claim, EndedVersion, LocalOutcome } from '../local/decision.js';
import type { LocalZones } from '../local/local-zones.js';
import type { Delivery } from '../delivery/delivery.js';
import type { Origins } from '../local/origins.js';
import type { Progress } from './progress.js';
import { inBatch } from './batch.js';
import { readersFor, refuseExisting } from './reader.js';
import type { ConflictPolicy } from '../local/zone-home.js';
import type { BatchOutcome, ChangeOptions, ChangeResult, MemberZoneState } from '../model/results.js';

/** A change of one zone from its text to how far it is everywhere: on this server, then at the members. */
export class ZoneChanges {
  readonly #local: LocalZones;
  readonly #progress: Progress;
  readonly #workers: Delivery;
  readonly #origins: Origins;
  readonly #store: ZoneStore;
  readonly #history: ZoneHistory;
  readonly #conflicts: Conflicts;
  /** This server's host name. */
  readonly #here: string;
  readonly #policy: () => ConflictPolicy;

  constructor(options: {
    local: LocalZones;
    progress: Progress;
    workers: Delivery;
    origins: Origins;
    store: ZoneStore;
    history: ZoneHistory;
    conflicts: Conflicts;
    here: string;
    policy: () => ConflictPolicy;
  }) {
    this.#local = options.local;
    this.#progress = options.progress;
    this.#workers = options.workers;
    this.#origins = options.origins;
    this.#store = options.store;
    this.#history = options.history;
    this.#conflicts = options.conflicts;
    this.#here = options.here;
    this.#policy = options.policy;
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
    const claim = this.#claimOf(options);
    const silent = isNew ? await refuseExisting(zone, by, readersFor(by, this.#workers)) : [];
    // Before it is written: the members are told in the middle of that.
    this.#origins.note(zone, valid.digest, options.hostsSeen);
    const { ifText, ifRemovedAt, switched } = options;
    const outcome = await this.#local
      .change({
        kind: 'save',
        valid,
        by,
        isNew,
        ifText,
        ifRemovedAt,
        switched,
        ...claim,
        keep: this.#keep(zone, actorOf(by)),
      })
      .catch(this.#conflict(zone, claim));
    const { conflictWith } = outcome;
    if (conflictWith !== undefined) this.#met(zone, claim.claimed?.server ?? '', conflictWith);
    await this.#progress.settled(zone, options);
    const warnings = valid.warnings.map((issue) => `line ${issue.line}: ${issue.message}`);
    return { zone, ...outcome, members: this.#progress.of(zone, by), warnings: [...silent, ...warnings] };
  }

  /** How far a zone is at each member that `by` may see. */
  states(zone: ZoneName, by: Principal): MemberZoneState[] {
    return this.#progress.of(zone, by);
  }

  /**
   * One outcome each, in their order. Together, so that whoever looks whether they are too many sees all of them: none has to wait for the
   * disk before it begins. Where the disk refuses, each says so.
   */
  async removeMany(names: readonly ZoneName[], by: Principal, options?: ChangeOptions): Promise<BatchOutcome[]> {
    await Promise.allSettled(names.map((name) => this.#workers.remember(name)));
    const zones = names.map((name) => ({ name }));
    return inBatch(zones, ({ name }) => this.remove(name, by, options), { atOnce: true });
  }

  async remove(zone: ZoneName, by: Principal, options: ChangeOptions = {}): Promise<ChangeResult> {
    const holders = this.#progress.of(zone, by);
    this.#origins.note(zone, undefined, options.hostsSeen);
    await this.#workers.remember(zone);
    const outcome = await this.#local.change({
      ...{ kind: 'remove', name: zone, by, evenOfOthers: options.evenOfOthers },
      keep: this.#keep(zone, actorOf(by)),
      ...this.#claimOf(options),
    });
    this.#conflicts.forget(zone);
    await this.#progress.settled(zone, options);
    return { zone, ...outcome, members: this.#progress.ofRemoval(zone, by, holders), warnings: [] };
  }

  /** The zone is this server's from now on. Rejects with zone_unknown, zone_not_yours. */
  async takeOver(zone: ZoneName, by: Principal): Promise<ChangeResult> {
    this.#origins.note(zone, undefined);
    const keep = this.#keep(zone, actorOf(by));
    const outcome = await this.#local.change({ kind: 'takeOver', name: zone, by, here: this.#here, keep });
    this.#conflicts.forget(zone);
    await this.#progress.settled(zone, {});
    return { zone, ...outcome, members: this.#progress.of(zone, by), warnings: [] };
  }

  /** A member serves this serial: the same content is published above it, and the history says who made that needed. */
  raise(zone: ZoneName, { above, member }: { above: number; member: string }, by: Principal): Promise<LocalOutcome> {
    const { user, via } = actorOf(by);
    const why = `${via}: above serial ${above}, because of ${member}`;
    return this.#local.change({ kind: 'raise', name: zone, above, keep: this.#keep(zone, { user, via: why }) });
  }

  /** Who came by a server is of that one's making, and says whose the zone is, or does not know. */
  #claimOf({ hostsSeen, claimed, lastGiven }: ChangeOptions): Claim {
    const policy = this.#policy();
    return hostsSeen === undefined ? { here: this.#here, policy } : { claimed, lastGiven, policy };
  }

  /** Notes that a version was refused because of another server's. */
  #conflict(zone: ZoneName, { claimed }: Claim): (error: unknown) => never {
    return (error) => {
      const held = this.#store.get(zone)?.home?.server;
      const isConflict = isClusterError(error, 'zone_of_other_server');
      if (isConflict && held !== undefined && claimed !== undefined) this.#met(zone, held, claimed.server);
      throw error;
    };
  }

  #met(zone: ZoneName, kept: string, other: string): void {
    this.#conflicts.note(zone, { kept, other, metAt: this.#here });
  }

  /** A version that a change has ended can be brought back. */
  #keep(zone: ZoneName, by: Actor): (ended: EndedVersion) => Promise<void> {
    return (ended) => this.#history.note(zone, { ...by, ...ended });
  }
}
