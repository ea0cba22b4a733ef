import { ownsOrIsRoot, SELF, type Principal } from '../access/principal.js';
import { compareSerials, nextSerial } from '../dns/serial.js';
import { ClusterError } from '../errors.js';
import type { ZoneChange } from '../nameservers/nameserver.js';
import type { ZoneEntry } from '../zones/zone-index.js';
import type { ZoneName } from '../zones/zone-name.js';
import type { ZoneStore, ZoneWrite } from '../zones/zone-store.js';
import { refuseShadowing } from './shadowing.js';
import { validateZone, withLiftedSerial, type ValidZone } from '../zones/validation.js';

/** One accepted request: a zone that was validated, or what is to become of one by name. */
export type LocalChange =
  /** `isNew`: refuse a zone that is here already. `ifText`: refuse where this is not its text any more. */
  | { kind: 'save'; valid: ValidZone; by: Principal; isNew: boolean; ifText?: Buffer | undefined }
  | { kind: 'remove'; name: ZoneName; by: Principal }
  /** Somebody serves the serial `above`: publish what is here under a higher one. */
  | { kind: 'raise'; name: ZoneName; above: number }
  /** A person made or changed the zone's file: it is root's change. */
  | { kind: 'take'; name: ZoneName };

export interface LocalOutcome {
  change: 'created' | 'saved' | 'unchanged' | 'removed';
  serial?: number;
  lifted: boolean;
  local: { state: 'served' | 'pending'; reason?: string };
}

/** What a change comes to: the text to write and the load it needs; an unchanged zone needs no load. */
export interface Decision {
  outcome: LocalOutcome;
  write?: ZoneWrite;
  load?: ZoneChange;
}

const SERVED: LocalOutcome['local'] = { state: 'served' };

/**
 * Compares a change with what is held now. The serial that is published lies above the held one and the tombstone's (RFC 1982):
 * an edit always bumps, and a zone that was removed and made again never goes backwards. Throws zone_exists, zone_unknown,
 * zone_not_yours, zone_file_changed, zone_invalid (of a file).
 */
export function decide(change: LocalChange, store: ZoneStore): Decision {
  switch (change.kind) {
    case 'save':
      return decideSave(change, store);
    case 'remove':
      return decideRemoval(change, store);
    case 'raise':
      return decideRaise(change, store);
    case 'take':
      return decideTaking(change, store);
  }
}

function decideSave({ valid, by, isNew, ifText }: LocalChange & { kind: 'save' }, store: ZoneStore): Decision {
  const { name } = valid;
  const held = heldFor(by, name, store);
  // The text is compared and not its serial: another spelling under the same serial has other lines.
  if (ifText !== undefined && store.read(name)?.equals(ifText) !== true) throw new ClusterError('zone_file_changed');
  if (held === undefined) {
    refuseShadowing(name, by, store);
    return publish(valid, by.user, store);
  }
  if (isNew) throw new ClusterError('zone_exists', { zone: name, where: 'this server' });
  if (held.digest === valid.digest) return respell(valid, held, store);
  // Somebody saved what is here, with an older serial: nothing is new.
  const asHeld = compareSerials(valid.serial, held.serial) < 0 ? withLiftedSerial(valid, held.serial) : undefined;
  return asHeld?.digest === held.digest ? respell(asHeld, held, store) : publish(valid, held.owner, store);
}

function decideRemoval({ name, by }: LocalChange & { kind: 'remove' }, store: ZoneStore): Decision {
  if (heldFor(by, name, store) === undefined) throw new ClusterError('zone_unknown', { zone: name });
  return { outcome: { change: 'removed', lifted: false, local: SERVED }, load: { kind: 'remove', name } };
}

/** The text is read here, where no other change of this zone can come between. */
function decideRaise({ name, above }: LocalChange & { kind: 'raise' }, store: ZoneStore): Decision {
  const held = store.get(name);
  if (held === undefined) throw new ClusterError('zone_unknown', { zone: name });
  const text = compareSerials(held.serial, above) > 0 ? undefined : store.edits.version(name);
  if (text === undefined) return unchanged(held);
  return publish(withLiftedSerial(validateZone(name, text), nextSerial(held.serial, above)), held.owner, store);
}

/** As a raise, the file is read here: what is saved meanwhile counts. */
function decideTaking({ name }: LocalChange & { kind: 'take' }, store: ZoneStore): Decision {
  const held = store.get(name);
  const text = store.edits.text(name);
  if (text === undefined) {
    if (held === undefined) throw new ClusterError('zone_unknown', { zone: name });
    return unchanged(held);
  }
  const valid = validateZone(name, text);
  const { write, ...decision } = decideSave({ kind: 'save', valid, by: SELF, isNew: false }, store);
  return { ...decision, ...(write === undefined ? {} : { write: { ...write, found: true } }) };
}

function publish(given: ValidZone, owner: string, store: ZoneStore): Decision {
  const { name } = given;
  const held = store.get(name);
  const floors = [held?.serial, store.tombstone(name)?.serial].filter((serial) => serial !== undefined);
  const lifted = floors.some((below) => compareSerials(given.serial, below) <= 0);
  const valid = lifted ? withLiftedSerial(given, nextSerial(...floors)) : given;
  const { serial, zone } = valid;
  const isNew = held === undefined;
  return {
    outcome: { change: isNew ? 'created' : 'saved', serial, lifted, local: SERVED },
    write: { valid, owner },
    load: { kind: 'upsert', name, file: store.fileOf(name), serial, isNew, records: zone.records },
  };
}

/** The text is kept as given (comments may differ), but nothing needs to be loaded or sent, unless its file was damaged. */
function respell(valid: ValidZone, held: ZoneEntry, store: ZoneStore): Decision {
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
  return { ...unchanged(held), write: { valid, owner: held.owner }, ...(isSound ? {} : { load }) };
}

function unchanged({ serial }: ZoneEntry): Decision {
  return { outcome: { change: 'unchanged', serial, lifted: false, local: SERVED } };
}

/** The zone that is held, which must be theirs. */
function heldFor(by: Principal, name: ZoneName, store: ZoneStore): ZoneEntry | undefined {
  const held = store.get(name);
  if (held !== undefined && !ownsOrIsRoot(by, held.owner)) throw new ClusterError('zone_not_yours', { zone: name });
  return held;
}
