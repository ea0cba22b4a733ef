import { accountOf, SELF, type Principal } from '../../access/principal.js';
import { compareSerials, nextSerial } from '../../dns/serial.js';
import { ClusterError } from '../../errors.js';
import { defined } from '../../operations/defined.js';
import { isSameServer, type ZoneHome } from '../../zones/home.js';
import type { PastVersion } from '../../zones/zone-history.js';
import type { ZoneName } from '../../zones/zone-name.js';
import type { ZoneStore } from '../../zones/zone-store.js';
import { decideAdopting, decideFreeing, decideHandingOver, decideTakingOver, underEpoch } from './moving.js';
import type { PermittedNames } from './permitted-names.js';
import { heldFor, publish, respell, SERVED, unchanged, type Decision } from './publishing.js';
import {
  admitSave,
  homeAsGiven,
  homeOfNew,
  judgeClaim,
  refuseEpoch,
  refuseLeft,
  refuseReturn,
  refuseSetBack,
  type Claim,
} from './zone-home.js';
import { validateZone, withLiftedSerial, type ValidZone } from '../../zones/validation.js';
import type { ChangeOptions } from '../model/results.js';

/** A version that a change ends, as it was held when the change came to its turn, and what took its place. */
export type EndedVersion = Omit<PastVersion, 'time' | 'user' | 'via'>;

/** One accepted request: a zone that was validated, or what is to become of one by name. */
export type LocalChange =
  /** `isNew`: refuse a zone that is here already. */
  (
    | ({
        kind: 'save';
        valid: ValidZone;
        by: Principal;
        isNew: boolean;
      } & Pick<ChangeOptions, 'ifText' | 'ifRemovedAt' | 'switched'> &
        Claim)
    | ({
        kind: 'remove';
        name: ZoneName;
        by: Principal;
        evenOfOthers?: boolean | undefined;
        keepAtMembers?: boolean | undefined;
      } & Claim)
    /** The zone is this server's from now on, whoever had it; members know it under the epoch `above`. */
    | { kind: 'takeOver'; name: ZoneName; by: Principal; here: ZoneHome; above: number }
    /** The zone is that other server's from now on; a copy stays. */
    | { kind: 'handOver'; name: ZoneName; by: Principal; here: ZoneHome; to: ZoneHome }
    /** Its server let it go: who sends it next has it. */
    | ({ kind: 'free'; name: ZoneName; by: Principal } & Claim)
    /** Members know this server for the zone's under this epoch. */
    | { kind: 'adopt'; name: ZoneName; epoch: number }
    /** Somebody serves the serial `above`: publish what is here under a higher one. */
    | { kind: 'raise'; name: ZoneName; above: number }
    /** The zone belongs to this account from now on. */
    | { kind: 'setOwner'; name: ZoneName; owner: string }
    /** A person made or changed the zone's file: it is root's change. */
    | { kind: 'take'; name: ZoneName }
  ) & {
    /**
     * Is given the version that the change ends, in the order of the zone's changes: when a save stands, and before a
     * removal, which waits for it. Never rejects.
     */
    keep?: (ended: EndedVersion) => Promise<void>;
  };

/**
 * Compares a change with what is held now. The serial that is published lies above the held one and the tombstone's
 * (RFC 1982): an edit always bumps, and a zone that was removed and made again never goes backwards. Throws
 * zone_exists, zone_unknown, zone_not_yours, zone_invalid (of a file), what ChangeOptions says of a save's `if…`, and
 * what zone-home.ts says of zones of other servers.
 */
export function decide(change: LocalChange, store: ZoneStore, names: PermittedNames): Decision {
  switch (change.kind) {
    case 'save':
      return asSwitched(decideSave(change, store, names), change.switched);
    case 'remove':
      return decideRemoval(change, store);
    case 'raise':
      return decideRaise(change, store);
    case 'take':
      return decideTaking(change, store, names);
    case 'takeOver':
      return decideTakingOver(change, store);
    case 'handOver':
      return decideHandingOver(change, store);
    case 'free':
      return decideFreeing(change, store);
    case 'adopt':
      return decideAdopting(change, store);
    case 'setOwner':
      return decideOwner(change, store);
  }
}

function asSwitched(decision: Decision, switched = false): Decision {
  const { load } = decision;
  return switched && load?.kind === 'upsert' ? { ...decision, load: { ...load, switched } } : decision;
}

function decideSave(change: LocalChange & { kind: 'save' }, store: ZoneStore, names: PermittedNames): Decision {
  const { valid, by, isNew, here, isUnsure = false } = change;
  const { name } = valid;
  const held = heldFor(by, name, store);
  const isNews =
    held?.home === undefined || held.home.mark === 'free' || judgeClaim(held.home, change.claimed) === 'moved';
  const claimed = isUnsure && !isNews ? held.home : change.claimed;
  const claim = claimed === change.claimed ? change : { ...change, claimed, lastGiven: undefined };
  refuseOther(name, change, store);
  if (held === undefined) {
    names.demand(name, by);
    const tombstone = store.tombstone(name);
    refuseEpoch(name, claimed, tombstone?.home);
    refuseReturn(name, valid.serial, claimed, tombstone);
    // Whoever has the name next is not bound by what became of it in other hands.
    const isSuccessor = by.kind === 'root' || tombstone?.owner === accountOf(by);
    // Nor does who let it go to another server get it back so.
    const isLeft = tombstone?.isKept === true && !isSameServer(tombstone.home, here);
    const before = isSuccessor && !isLeft ? tombstone?.home : undefined;
    const made = here === undefined ? undefined : homeOfNew(here, before);
    return publish(valid, accountOf(by), store, homeAsGiven(valid, claim) ?? made);
  }
  if (isNew) throw new ClusterError('zone_exists', { zone: name });
  if (here !== undefined) refuseLeft(held);
  refuseEpoch(name, claimed, held.home);
  if (change.isLeft === true && isSameServer(held.home, claimed)) return underEpoch(held, claimed?.epoch ?? 0, store);
  const replaces = admitSave(held, valid, claim) ? { conflictWith: held.home?.server ?? '' } : {};
  refuseSetBack(held, valid, claim);
  const made = here === undefined ? undefined : ({ ...here, mark: 'assumed' } as const);
  // Two servers with the same content have no conflict: it stays with the first.
  const isShared = held.digest === valid.digest && judgeClaim(held.home, claimed) === 'conflict';
  const home = isShared ? held.home : (homeAsGiven(valid, claim, held.home) ?? held.home ?? made);
  if (held.digest === valid.digest) return respell(valid, { ...held, ...defined({ home }) }, store);
  // Somebody saved what is here, with an older serial: nothing is new.
  const asHeld = compareSerials(valid.serial, held.serial) < 0 ? withLiftedSerial(valid, held.serial) : undefined;
  if (asHeld?.digest === held.digest) return respell(asHeld, held, store);
  const decision = publish(valid, held.owner, store, home);
  return { ...decision, outcome: { ...decision.outcome, ...replaces } };
}

/** Refuses a save that was made from what is not here any more. */
function refuseOther(
  zone: ZoneName,
  { ifText, ifRemovedAt }: Pick<ChangeOptions, 'ifText' | 'ifRemovedAt'>,
  store: ZoneStore,
): void {
  const isHere = store.get(zone) !== undefined;
  if (ifRemovedAt !== undefined && store.tombstone(zone)?.serial !== ifRemovedAt)
    throw new ClusterError('changed_meanwhile', { what: `Zone ${zone}` });
  if (ifText === 'none') {
    if (isHere) throw new ClusterError('zone_exists', { zone });
  } else if (ifText === 'damaged') {
    if (!isHere) throw new ClusterError('zone_unknown', { zone });
    if (store.edits.version(zone) !== undefined) throw new ClusterError('zone_file_sound', { zone });
    // The text is compared and not its serial: another spelling under the same serial has other lines.
  } else if (ifText !== undefined && store.read(zone)?.equals(ifText) !== true) {
    throw new ClusterError('zone_file_changed');
  }
}

function decideRemoval(change: LocalChange & { kind: 'remove' }, store: ZoneStore): Decision {
  const { name, by, claimed, here, unproven, evenOfOthers = false, keepAtMembers = false } = change;
  const held = heldFor(by, name, store);
  if (held === undefined) throw new ClusterError('zone_unknown', { zone: name });
  // An account that is removed on one server never takes away a zone that another has.
  const verdict = judgeClaim(held.home, claimed);
  // What was handed over is no zone of others here: it goes, and stays where it is served.
  const isLeft = claimed === undefined && (keepAtMembers || held.home?.mark === 'left');
  const isAllowed =
    isLeft ||
    evenOfOthers ||
    held.home?.mark === 'free' ||
    (unproven !== undefined && isSameServer(held.home, unproven));
  const isOfOther =
    claimed === undefined
      ? here !== undefined && held.home !== undefined && !isSameServer(held.home, here) && !isAllowed
      : verdict === 'conflict' || verdict === 'fenced';
  if (isOfOther) throw new ClusterError('zone_not_removed', { zone: name, server: held.home?.server ?? '' });
  const { home } = held;
  const isKept = isLeft ? ({ isKept: true } as const) : {};
  const isOfTheirs = home !== undefined && isSameServer(claimed ?? here, home);
  const left = home !== undefined && isLeft ? { removedFor: { ...home, mark: 'left' } as const } : {};
  const removedFor = isOfTheirs && home.mark !== 'left' ? { removedFor: home } : left;
  return {
    outcome: { change: 'removed', lifted: false, local: SERVED, ...isKept },
    load: { kind: 'remove', name },
    ...removedFor,
  };
}

/** The text is read here, where no other change of this zone can come between. */
function decideRaise({ name, above }: LocalChange & { kind: 'raise' }, store: ZoneStore): Decision {
  const held = store.get(name);
  if (held === undefined) throw new ClusterError('zone_unknown', { zone: name });
  const isOfOther = held.home?.mark === 'left';
  const text = isOfOther || compareSerials(held.serial, above) > 0 ? undefined : store.edits.version(name);
  if (text === undefined) return unchanged(held);
  return publish(
    withLiftedSerial(validateZone(name, text), nextSerial(held.serial, above)),
    held.owner,
    store,
    held.home,
  );
}

function decideOwner({ name, owner }: LocalChange & { kind: 'setOwner' }, store: ZoneStore): Decision {
  const held = store.get(name);
  if (held === undefined) throw new ClusterError('zone_unknown', { zone: name });
  return { ...unchanged(held), ...(held.owner === owner ? {} : { owner }) };
}

/** As a raise, the file is read here: what is saved meanwhile counts. */
function decideTaking({ name }: LocalChange & { kind: 'take' }, store: ZoneStore, names: PermittedNames): Decision {
  const held = store.get(name);
  const text = store.edits.text(name);
  if (text === undefined) {
    if (held === undefined) throw new ClusterError('zone_unknown', { zone: name });
    return unchanged(held);
  }
  const valid = validateZone(name, text);
  const { write, ...decision } = decideSave({ kind: 'save', valid, by: SELF, isNew: false }, store, names);
  return { ...decision, ...(write === undefined ? {} : { write: { ...write, found: true } }) };
}
