import { compareSerials } from '../../dns/serial.js';
import { ClusterError } from '../../errors.js';
import { defined } from '../../operations/defined.js';
import { isSameServer, type ZoneHome } from '../../zones/home.js';
import type { Tombstone, ZoneEntry } from '../../zones/zone-index.js';
import { withLiftedSerial, type ValidZone } from '../../zones/validation.js';
import type { ZoneName } from '../../zones/zone-name.js';
import type { Sender } from '../model/results.js';

/** Which copy wins if two servers write a zone: the later serial (as the original has it), or the home's. */
export type ConflictPolicy = 'newest' | 'first';

/** By whom a change is made: by the server that says it has the zone, or on this one. */
export interface Claim extends Pick<Sender, 'claimed' | 'isUnsure' | 'isLeft' | 'lastGiven'> {
  /** This server, in the epoch 0, where the change is made here, or by a peer whose word on homes is not taken. */
  here?: ZoneHome | undefined;
  /** What such a peer says: no more than what is known already. */
  unproven?: ZoneHome | undefined;
  policy?: ConflictPolicy | undefined;
}

/**
 * How a claim on a zone stands against what is known of it. `moved`: it was taken over since; `fenced`: it was taken
 * over from the one who claims it; `conflict`: two servers claim it. Who claims nothing, and what belongs to nobody
 * (any more), agrees with everything.
 */
export function judgeClaim(
  held: ZoneHome | undefined,
  claimed: ZoneHome | undefined,
): 'agrees' | 'moved' | 'fenced' | 'conflict' {
  if (held === undefined || held.mark === 'free' || claimed === undefined) return 'agrees';
  if (claimed.epoch !== held.epoch) return claimed.epoch > held.epoch ? 'moved' : 'fenced';
  return isSameServer(claimed, held) ? 'agrees' : 'conflict';
}

/**
 * Checks another server's save of a held zone: throws zone_taken_over or zone_of_other_server. True if both write it
 * and this one wins.
 */
export function admitSave(
  held: ZoneEntry,
  version: { serial: number; digest: string },
  { claimed, policy = 'newest' }: Claim,
): boolean {
  const verdict = judgeClaim(held.home, claimed);
  const of = { zone: held.name, server: held.home?.server ?? '', other: claimed?.server ?? '', serial: held.serial };
  if (verdict === 'fenced') throw new ClusterError('zone_taken_over', of);
  if (verdict !== 'conflict' || held.digest === version.digest) return false;
  if (policy === 'newest' && compareSerials(version.serial, held.serial) > 0) return true;
  throw new ClusterError('zone_of_other_server', of);
}

/**
 * A zone that comes from the server on which it was removed, in a version from before: that server was set back to an
 * older state. Throws zone_removed_before: a removal is final until somebody makes the zone anew.
 */
export function refuseReturn(
  zone: ZoneName,
  serial: number,
  claimed: ZoneHome | undefined,
  tombstone: Tombstone | undefined,
): void {
  const was = tombstone?.home;
  if (tombstone === undefined || was === undefined || claimed === undefined) return;
  const isSetBack = isSameServer(claimed, was) && claimed.epoch <= was.epoch;
  if (!isSetBack || compareSerials(serial, tombstone.serial) > 0) return;
  throw new ClusterError('zone_removed_before', {
    zone,
    user: tombstone.by,
    serial: tombstone.serial,
    time: new Date(tombstone.removedAt).toISOString(),
  });
}

/**
 * A version from the server that the zone belongs to, which does not know of a later one that it gave us: it was set
 * back to an older state, or a second one runs under its name. Throws zone_set_back, unless it sends the very records
 * that are held.
 */
export function refuseSetBack(held: ZoneEntry, version: ValidZone, { claimed, lastGiven }: Claim): void {
  const { name: zone, serial, digest, home } = held;
  const given = home?.given;
  if (lastGiven === undefined || given === undefined || !isSame(home, claimed)) return;
  if (lastGiven !== null && compareSerials(lastGiven, given) >= 0) return;
  if (digest === version.digest || withLiftedSerial(version, serial).digest === digest) return;
  throw new ClusterError('zone_set_back', { zone, server: claimed?.server ?? '', given, serial, digest });
}

/** Whose a zone is that another server sends: where that is its own, with the serial that it gave. */
export function homeAsGiven(valid: ValidZone, { claimed, lastGiven }: Claim, held?: ZoneHome): ZoneHome | undefined {
  if (claimed === undefined) return undefined;
  const given = lastGiven !== undefined ? valid.serial : isSame(held, claimed) ? held?.given : undefined;
  // What this server handed over stays left, whatever its new server sends of it.
  const mark = held?.mark === 'left' && isSame(held, claimed) ? held.mark : undefined;
  return { ...claimed, ...defined({ given, mark }) };
}

function isSame(one: ZoneHome | undefined, other: ZoneHome | undefined): boolean {
  return isSameServer(one, other) && one?.epoch === other?.epoch;
}

/** Whose a zone is that is made on the server `here`: one that another server had before begins the next epoch. */
export function homeOfNew(here: ZoneHome, before: ZoneHome | undefined): ZoneHome {
  if (before === undefined) return here;
  return { ...here, epoch: isSameServer(before, here) ? before.epoch : before.epoch + 1 };
}

/** A claim of so much more than what is known is none that came about by taking over. */
export const MOST_AHEAD = 1_000;

/** Throws zone_epoch_ahead: such a claim would lock out everybody after it. */
export function refuseEpoch(zone: ZoneName, claimed: ZoneHome | undefined, known: ZoneHome | undefined): void {
  const most = (known?.epoch ?? 0) + MOST_AHEAD;
  if (claimed !== undefined && claimed.epoch > most)
    throw new ClusterError('zone_epoch_ahead', { zone, server: claimed.server, epoch: claimed.epoch, most });
}

/** Throws zone_left: its new server would not know of a change that is made here. */
export function refuseLeft({ name: zone, home }: ZoneEntry): void {
  if (home?.mark === 'left') throw new ClusterError('zone_left', { zone, server: home.server });
}
