import { compareSerials, nextSerial } from '../dns/serial.js';
import { ClusterError } from '../errors.js';
import type { ZoneChange } from '../nameservers/nameserver.js';
import type { ZoneName } from '../zones/zone-name.js';
import type { ZoneStore } from '../zones/zone-store.js';
import { withLiftedSerial, type ValidZone } from '../zones/validation.js';

/** One accepted request: a zone that was validated, or a removal by name. */
export type LocalChange =
  | {
      kind: 'save';
      valid: ValidZone;
      owner: string;
      /** `new`: refuse a zone that is here already. `raise`: publish the same content under a higher serial. */
      mode: 'any' | 'new' | 'raise';
    }
  | { kind: 'remove'; name: ZoneName; by: string };

export interface LocalOutcome {
  change: 'created' | 'saved' | 'unchanged' | 'removed';
  serial?: number;
  lifted: boolean;
  local: { state: 'served' | 'pending'; reason?: string };
}

/** What a change comes to: the text to write and the load it needs; an unchanged zone needs no load. */
export interface Decision {
  outcome: LocalOutcome;
  write?: { valid: ValidZone; owner: string };
  load?: ZoneChange;
}

/**
 * Compares a save with what is held. `floor` is the highest serial that anybody was seen serving. The serial that is published
 * lies above the held one, the tombstone's and the floor (RFC 1982): an edit always bumps, and a zone that was removed and
 * made again never goes backwards. Throws zone_exists.
 */
export function decideSave(
  change: LocalChange & { kind: 'save' },
  store: ZoneStore,
  floor: number | undefined,
): Decision {
  const { name } = change.valid;
  const held = store.get(name);
  if (held !== undefined && change.mode === 'new') {
    throw new ClusterError('zone_exists', { zone: name, where: 'this server' });
  }
  const owner = held?.owner ?? change.owner;
  const same = held !== undefined && change.mode !== 'raise' ? held : undefined;
  if (same?.digest === change.valid.digest) return unchanged(change.valid, owner);
  const floors = [held?.serial, store.tombstone(name)?.serial, floor].filter((serial) => serial !== undefined);
  let valid = change.valid;
  if (floors.some((below) => compareSerials(valid.serial, below) <= 0)) {
    // Somebody saved what is here, with an older serial: nothing is new.
    const asHeld = same === undefined ? undefined : withLiftedSerial(valid, same.serial);
    if (asHeld !== undefined && asHeld.digest === same?.digest) return unchanged(asHeld, owner);
    valid = withLiftedSerial(valid, nextSerial(...floors));
  }
  return {
    outcome: {
      change: held === undefined ? 'created' : 'saved',
      serial: valid.serial,
      lifted: valid !== change.valid,
      local: { state: 'served' },
    },
    write: { valid, owner },
    load: {
      kind: 'upsert',
      name,
      file: store.fileOf(name),
      serial: valid.serial,
      isNew: held === undefined,
      records: valid.zone.records,
    },
  };
}

/** The text is kept as given (comments may differ), but nothing needs to be loaded or sent. */
function unchanged(valid: ValidZone, owner: string): Decision {
  const outcome: LocalOutcome = {
    change: 'unchanged',
    serial: valid.serial,
    lifted: false,
    local: { state: 'served' },
  };
  return { outcome, write: { valid, owner } };
}

/** Throws zone_unknown. */
export function decideRemoval(name: ZoneName, store: ZoneStore): Decision {
  if (store.get(name) === undefined) throw new ClusterError('zone_unknown', { zone: name });
  return { outcome: { change: 'removed', lifted: false, local: { state: 'served' } }, load: { kind: 'remove', name } };
}
