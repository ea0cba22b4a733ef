import { ClusterError } from '../../errors.js';
import { MemberError } from '../../members/member-backend.js';
import { defined } from '../../operations/defined.js';
import type { Delivery } from '../delivery/delivery.js';
import type { MemberStatus } from '../model/member-status.js';
import type { ClusterFailures } from '../model/results.js';

/** So many zones that a member refused are listed. */
const MOST_REFUSED = 100;

/** What does not work at the members of these rows. */
export function failuresOf(rows: readonly MemberStatus[], workers: Delivery): ClusterFailures {
  const failing = rows.flatMap(({ hostname, state, lastFailure, disabledReason, pending, pendingSince }) => {
    if (state === 'online') return [];
    const reason = disabledReason ?? lastFailure ?? '';
    return [{ member: hostname, state, reason, pending, ...defined({ pendingSince }) }];
  });
  const zones = workers
    .running()
    .filter(({ member }) => rows.some(({ id }) => id === member.id))
    .flatMap(({ member, worker }) =>
      worker.backlog.refused(MOST_REFUSED).map((refused) => ({ member: member.hostname, ...refused })),
    );
  return { members: failing, zones };
}

/** What a member did wrong is the operator's error of that call: member_call_failed. */
export async function fromMember<T>(call: T | Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof MemberError)) throw error;
    throw new ClusterError('member_call_failed', { why: error.message }, { cause: error });
  }
}
