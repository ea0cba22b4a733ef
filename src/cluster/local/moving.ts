import type { Principal } from '../../access/principal.js';
import { nextSerial } from '../../dns/serial.js';
import { ClusterError } from '../../errors.js';
import { isSameServer, type ZoneHome } from '../../zones/home.js';
import { validateZone, withLiftedSerial } from '../../zones/validation.js';
import type { ZoneEntry } from '../../zones/zone-index.js';
import type { ZoneName } from '../../zones/zone-name.js';
import type { ZoneStore } from '../../zones/zone-store.js';
import { heldFor, publish, respell, unchanged, type Decision } from './publishing.js';
import { judgeClaim, MOST_AHEAD, refuseEpoch, type Claim } from './zone-home.js';

/** A zone that moves from one server to another, by whom, and this server. */
interface Moving {
  name: ZoneName;
  by: Principal;
  here: ZoneHome;
}

/**
 * Under an epoch above the one here and `above`, which fences the server that had it, and a serial of its own, so that
 * members get it.
 */
export function decideTakingOver({ name, by, here, above }: Moving & { above: number }, store: ZoneStore): Decision {
  const held = heldFor(by, name, store);
  const text = held === undefined ? undefined : store.edits.version(name);
  if (held === undefined || text === undefined) throw new ClusterError('zone_unknown', { zone: name });
  const lifted = withLiftedSerial(validateZone(name, text), nextSerial(held.serial));
  const epoch = held.home?.epoch ?? 0;
  // A member that says what is not plausible would have it refused everywhere else.
  const known = above > epoch + MOST_AHEAD ? epoch : Math.max(epoch, above);
  return publish(lifted, held.owner, store, { ...here, epoch: known + 1 });
}

/** Likewise for that server: members take its version from now on, and serve this one until it comes. */
export function decideHandingOver({ name, by, here, to }: Moving & { to: ZoneHome }, store: ZoneStore): Decision {
  const held = heldFor(by, name, store);
  const text = held === undefined ? undefined : store.edits.version(name);
  if (held === undefined || text === undefined) throw new ClusterError('zone_unknown', { zone: name });
  const { home = here } = held;
  if (isSameServer(home, to)) return unchanged(held);
  if (!isSameServer(home, here)) throw new ClusterError('zone_not_here', { zone: name, server: home.server });
  const lifted = withLiftedSerial(validateZone(name, text), nextSerial(held.serial));
  return publish(lifted, held.owner, store, { ...to, epoch: home.epoch + 1, mark: 'left' });
}

/** Nothing, where it is another server's by now. */
export function decideFreeing({ name, by, claimed }: Omit<Moving, 'here'> & Claim, store: ZoneStore): Decision {
  const held = heldFor(by, name, store);
  const text = store.edits.version(name);
  if (held === undefined || text === undefined) throw new ClusterError('zone_unknown', { zone: name });
  const { home } = held;
  if (home === undefined || judgeClaim(home, claimed) !== 'agrees') return unchanged(held);
  return respell(validateZone(name, text), { ...held, home: { ...home, mark: 'free' } }, store);
}

/** This server has the zone under a later epoch than it knew of. */
export function decideAdopting({ name, epoch }: { name: ZoneName; epoch: number }, store: ZoneStore): Decision {
  const held = store.get(name);
  if (held?.home === undefined) throw new ClusterError('zone_unknown', { zone: name });
  refuseEpoch(name, { ...held.home, epoch }, held.home);
  return underEpoch(held, epoch, store);
}

/** The very text, under the later epoch. */
export function underEpoch(held: ZoneEntry, epoch: number, store: ZoneStore): Decision {
  const { name, home } = held;
  const text = home !== undefined && epoch > home.epoch ? store.edits.version(name) : undefined;
  if (home === undefined || text === undefined) return unchanged(held);
  return respell(validateZone(name, text), { ...held, home: { ...home, epoch } }, store);
}
