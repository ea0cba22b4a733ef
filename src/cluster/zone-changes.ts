import { actorOf, type Principal } from '../access/principal.js';
import { validateZone } from '../zones/validation.js';
import type { ZoneHistory } from '../zones/zone-history.js';
import type { ZoneName } from '../zones/zone-name.js';
import type { ZoneStore } from '../zones/zone-store.js';
import type { ChangeOptions, ChangeResult } from './cluster.js';
import type { LocalOutcome } from './decision.js';
import type { LocalZones } from './local-zones.js';
import type { MemberWorkers } from './member-workers.js';
import type { Origins } from './origins.js';
import type { Progress } from './progress.js';
import { readersOf, refuseExisting } from './reader.js';

/** What is held of a zone before a change. */
interface Version {
  serial: number;
  owner: string;
  text: Buffer;
}

/** A change of one zone from its text to how far it is everywhere: on this server, then at the members. */
export class ZoneChanges {
  readonly #local: LocalZones;
  readonly #progress: Progress;
  readonly #workers: MemberWorkers;
  readonly #origins: Origins;
  readonly #store: ZoneStore;
  readonly #history: ZoneHistory;

  constructor(options: {
    local: LocalZones;
    progress: Progress;
    workers: MemberWorkers;
    origins: Origins;
    store: ZoneStore;
    history: ZoneHistory;
  }) {
    this.#local = options.local;
    this.#progress = options.progress;
    this.#workers = options.workers;
    this.#origins = options.origins;
    this.#store = options.store;
    this.#history = options.history;
  }

  // Asynchronous from the parse on: its refusal is this zone's outcome, and not the batch's.
  async save(
    zone: ZoneName,
    text: Buffer,
    by: Principal,
    options: ChangeOptions = {},
    isNew = false,
  ): Promise<ChangeResult> {
    const valid = validateZone(zone, text);
    const silent = isNew ? await refuseExisting(zone, by, readersOf(this.#workers)) : [];
    // Before it is written: the members are told in the middle of that.
    this.#origins.note(zone, valid.digest, options.hostsSeen);
    const before = this.#versionOf(zone);
    const outcome = await this.#local.change({ kind: 'save', valid, by, isNew, ifText: options.ifText });
    this.#note(zone, before, outcome, by);
    await this.#progress.settled(zone, options);
    const warnings = valid.warnings.map((issue) => `line ${issue.line}: ${issue.message}`);
    return { zone, ...outcome, members: this.#progress.of(zone, by), warnings: [...silent, ...warnings] };
  }

  async remove(zone: ZoneName, by: Principal, options: ChangeOptions = {}): Promise<ChangeResult> {
    const holders = this.#progress.of(zone, by);
    this.#origins.note(zone, undefined, options.hostsSeen);
    const before = this.#versionOf(zone);
    const outcome = await this.#local.change({ kind: 'remove', name: zone, by });
    this.#note(zone, before, outcome, by);
    await this.#progress.settled(zone, options);
    return { zone, ...outcome, members: this.#progress.ofRemoval(zone, by, holders), warnings: [] };
  }

  #versionOf(zone: ZoneName): Version | undefined {
    const held = this.#store.get(zone);
    const text = held === undefined ? undefined : this.#store.read(zone);
    return held === undefined || text === undefined ? undefined : { serial: held.serial, owner: held.owner, text };
  }

  /** A version that this change has ended can be brought back. */
  #note(zone: ZoneName, before: Version | undefined, { change, serial: newSerial }: LocalOutcome, by: Principal): void {
    if (before === undefined || (change !== 'saved' && change !== 'removed')) return;
    const next = newSerial === undefined || change === 'removed' ? {} : { newSerial };
    this.#history.note(zone, { ...actorOf(by), change, ...before, ...next });
  }
}
