import { ownsOrIsRoot, type Principal } from '../../access/principal.js';
import { compareSerials, nextSerial } from '../../dns/serial.js';
import { ClusterError } from '../../errors.js';
import type { ZoneChange } from '../../nameservers/nameserver.js';
import type { ZoneHome } from '../../zones/home.js';
import { withLiftedSerial, type ValidZone } from '../../zones/validation.js';
import type { ZoneEntry } from '../../zones/zone-index.js';
import type { ZoneName } from '../../zones/zone-name.js';
import type { ZoneStore } from '../../zones/zone-store.js';
import type { ZoneWrite } from '../../zones/zone-write.js';
import type { ChangeResult } from '../model/results.js';

/** What became of a change on this server. */
export type LocalOutcome = Omit<ChangeResult, 'zone' | 'members' | 'warnings'>;

/** What a change comes to: the text to write and the load it needs; an unchanged zone needs no load. */
export interface Decision {
  outcome: LocalOutcome;
  write?: ZoneWrite;
  load?: ZoneChange;
  /** Only whose it is becomes another. */
  owner?: string;
  /** Of a removal by the server that has the zone; or whose it is where members keep it. */
  removedFor?: ZoneHome;
}

export const SERVED: LocalOutcome['local'] = { state: 'served' };

/** Writes and loads it, with a serial above the held one and the tombstone's. */
export function publish(given: ValidZone, owner: string, store: ZoneStore, home: ZoneHome | undefined): Decision {
  const { name } = given;
  const held = store.get(name);
  const floors = [held?.serial, store.tombstone(name)?.serial].filter((serial) => serial !== undefined);
  const lifted = floors.some((below) => compareSerials(given.serial, below) <= 0);
  const valid = lifted ? withLiftedSerial(given, nextSerial(...floors)) : given;
  const { serial, digest, zone } = valid;
  const isNew = held === undefined;
  return {
    outcome: { change: isNew ? 'created' : 'saved', serial, digest, lifted, local: SERVED },
    write: { valid, owner, home },
    load: { kind: 'upsert', name, file: store.fileOf(name), serial, isNew, records: zone.records },
  };
}

/** The text is kept as given (comments may differ). Nothing is loaded or sent, unless its file was damaged. */
export function respell(valid: ValidZone, held: ZoneEntry, store: ZoneStore): Decision {
  const { name, serial, zone } = valid;
  const isSound = store.edits.version(name) !== undefined;
  const load: ZoneChange = {
    kind: 'upsert',
    name,
    file: store.fileOf(name),
    serial,
    isNew: false,
    records: zone.records,
  };
  return { ...unchanged(held), write: { valid, owner: held.owner, home: held.home }, ...(isSound ? {} : { load }) };
}

/** What is held stays. */
export function unchanged({ serial, digest }: ZoneEntry): Decision {
  return { outcome: { change: 'unchanged', serial, digest, lifted: false, local: SERVED } };
}

/** The zone that is held, which must be theirs. */
export function heldFor(by: Principal, name: ZoneName, store: ZoneStore): ZoneEntry | undefined {
  const held = store.get(name);
  if (held !== undefined && !ownsOrIsRoot(by, held.owner)) throw new ClusterError('zone_not_yours', { zone: name });
  return held;
}
