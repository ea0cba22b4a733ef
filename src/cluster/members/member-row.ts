import { userOf } from '../../access/accounts.js';
import type { MemberTypes } from '../../members/member-types.js';
import { defined } from '../../operations/defined.js';
import type { ZoneStore } from '../../zones/zone-store.js';
import { isServer, ROLES, ROOT, type Member } from '../model/member.js';
import type { MemberWorker } from '../delivery/member-worker.js';
import type { MemberStatus } from '../model/member-status.js';
import { healthOf } from '../delivery/member-record.js';

/** So many held removals are named. */
const MOST_NAMED = 200;

/** A member as shown: its row without its secrets, and how it is doing. */
export function memberRow(
  member: Member,
  worker: MemberWorker | undefined,
  { store, types }: { store: ZoneStore; types: MemberTypes },
): MemberStatus {
  const { id, type, hostname, version, owner } = member;
  const { disabledAt, disabledReason, disabledByThreshold } = member;
  const { state, failures, lastFailure, lastContact } = worker?.contact.health ?? healthOf(member);
  const { writes } = ROLES[member.role];
  const due = writes ? (worker?.backlog.size ?? 0) : 0;
  const zones = writes ? zonesOf(member, store) : 0;
  const oldest = due > 0 ? worker?.backlog.oldest : undefined;
  const leftOut = worker?.acknowledged.zonesLeftOut() ?? [];
  const held = worker?.backlog.heldBackCount ?? 0;
  const silent = worker?.contact.nameserver.silent;
  const pushes = worker?.pushes.totals;
  const ends = worker?.contact.info?.certificateEnds;
  const latency = worker?.contact.latency.history.map((taken) => taken ?? null) ?? [];
  return {
    id,
    type,
    ...addressOf(member),
    hostname,
    version,
    owner: userOf(owner),
    ...defined({ disabledAt, disabledReason, disabledByThreshold }),
    state,
    failures,
    zones,
    zonesInSync: Math.max(0, zones - due),
    pending: due,
    ...(isServer(member) ? {} : { values: types.shown(type, member.values) }),
    ...(lastFailure === undefined ? {} : { lastFailure: lastFailure.sentence }),
    ...(lastFailure?.kind === undefined ? {} : { lastFailureKind: lastFailure.kind }),
    ...(lastContact === 0 ? {} : { lastContact: new Date(lastContact).toISOString() }),
    ...(oldest === undefined ? {} : { pendingSince: new Date(oldest).toISOString() }),
    ...(ends === undefined ? {} : { certificateEnds: new Date(ends).toISOString() }),
    ...(held === 0 ? {} : { removalsHeld: { count: held, zones: worker?.backlog.heldBackRemovals(MOST_NAMED) ?? [] } }),
    ...defined({ pushes, silentNameserver: silent }),
    ...(leftOut.length === 0 ? {} : { leftOut }),
    ...(latency.length === 0 ? {} : { latency }),
  };
}

/** Clients know these fields of every member. */
function addressOf(
  member: Member,
): Pick<
  MemberStatus,
  'host' | 'port' | 'dnsPort' | 'user' | 'role' | 'fingerprint' | 'trust' | 'keyPin' | 'ca' | 'renewals' | 'debug'
> {
  if (!isServer(member)) {
    const { hostname, values, role } = member;
    return { host: hostname, port: 0, dnsPort: 0, user: values['username'] ?? '', role, fingerprint: '' };
  }
  const { host, port, dnsPort, user, role, fingerprint, trust = 'certificate', keyPin = '', renewals } = member;
  const { debug, ca = '' } = member;
  return { host, port, dnsPort, user, role, fingerprint, trust, keyPin, ca, ...defined({ renewals, debug }) };
}

/** How many zones it should hold. */
function zonesOf({ owner }: Member, store: ZoneStore): number {
  return owner === ROOT ? store.size : store.countOf(owner);
}
