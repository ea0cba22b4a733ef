import { CpanelMember } from '../../members/cpanel/cpanel-member.js';
import type { MemberBackend } from '../../members/member-backend.js';
import type { MemberTypes } from '../../members/member-types.js';
import type { Reach } from '../../members/reach.js';
import { isServer, type Member } from '../model/member.js';
import type { OwnIdentity } from '../model/own-identity.js';
import { type Transaction } from '../../members/transactions.js';

/** Talks to a member of the table. */
export function openBackend(
  member: Member,
  of: {
    own: OwnIdentity;
    types: MemberTypes;
    /** Where the member may be; everywhere where absent. */
    reach: Reach | undefined;
    /** Is given each call and its answer, in debug mode. */
    note?: ((transaction: Transaction) => void) | undefined;
  },
): MemberBackend {
  if (isServer(member)) return new CpanelMember({ ...member, self: of.own.hostname, reach: of.reach, note: of.note });
  return of.types.reopen(member.type, member.values, of.reach);
}
