import type { ZoneName } from '../../zones/zone-name.js';
import type { Acknowledgements } from './acknowledgements.js';
import type { Backlog } from './backlog.js';
import type { Contact } from './contact.js';
import type { MemberZoneState } from '../model/results.js';

/** How far a zone has come at one member. */
export type StateAtMember = Pick<MemberZoneState, 'state' | 'reason' | 'serial' | 'seenAt'>;

/** Undefined where the member does not hold the zone and is not to. */
export function stateAtMember(
  name: ZoneName,
  { backlog, acknowledged, contact }: { backlog: Backlog; acknowledged: Acknowledgements; contact: Contact },
): StateAtMember | undefined {
  const aside = backlog.reasonAside(name);
  if (aside !== undefined) return { state: 'failed', reason: aside };
  if (!backlog.has(name)) return acknowledged.stateOf(name);
  const { health } = contact;
  if (health.state === 'disabled')
    return { state: 'disabled', reason: health.lastFailure?.sentence ?? 'The member is disabled.' };
  if (health.state === 'failing')
    return { state: 'pending', reason: health.lastFailure?.sentence ?? 'The member does not answer.' };
  const reason = backlog.isHeldBack(name)
    ? 'Its removal is held: more than 30 % of the zones there would go. Allow it on the page of the member.'
    : 'Waiting to be sent.';
  return { state: 'pending', reason };
}
