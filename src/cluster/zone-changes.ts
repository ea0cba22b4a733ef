import type { Principal } from '../access/principal.js';
import { validateZone } from '../zones/validation.js';
import type { ZoneName } from '../zones/zone-name.js';
import type { ChangeOptions, ChangeResult } from './cluster.js';
import type { LocalZones } from './local-zones.js';
import type { Members } from './members.js';
import type { Origins } from './origins.js';
import type { Progress } from './progress.js';
import { readersOf, refuseExisting } from './reader.js';

/** A change of one zone from its text to how far it is everywhere: on this server, then at the members. */
export class ZoneChanges {
  readonly #local: LocalZones;
  readonly #progress: Progress;
  readonly #members: Members;
  readonly #origins: Origins;

  constructor(options: { local: LocalZones; progress: Progress; members: Members; origins: Origins }) {
    this.#local = options.local;
    this.#progress = options.progress;
    this.#members = options.members;
    this.#origins = options.origins;
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
    const silent = isNew ? await refuseExisting(zone, by, readersOf(this.#members)) : [];
    // Before it is written: the members are told in the middle of that.
    this.#origins.note(zone, valid.digest, options.hostsSeen);
    const outcome = await this.#local.change({ kind: 'save', valid, by, isNew, ifText: options.ifText });
    await this.#progress.settled(zone, options);
    const warnings = valid.warnings.map((issue) => `line ${issue.line}: ${issue.message}`);
    return { zone, ...outcome, members: this.#progress.of(zone, by), warnings: [...silent, ...warnings] };
  }

  async remove(zone: ZoneName, by: Principal, options: ChangeOptions = {}): Promise<ChangeResult> {
    const holders = this.#progress.of(zone, by);
    this.#origins.note(zone, undefined, options.hostsSeen);
    const outcome = await this.#local.change({ kind: 'remove', name: zone, by });
    await this.#progress.settled(zone, options);
    return { zone, ...outcome, members: this.#progress.ofRemoval(zone, by, holders), warnings: [] };
  }
}
