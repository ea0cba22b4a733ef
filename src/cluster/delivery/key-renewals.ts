import { SELF, type Principal } from '../../access/principal.js';
import { ClusterError } from '../../errors.js';
import { MemberError, type KeyRenewal } from '../../members/member-backend.js';
import type { JsonState } from '../../state/json-state.js';
import type { Audit } from '../model/audit.js';
import type { ClusterState } from '../model/cluster-state.js';
import { isServer, mayUse, presentRenewal, type KeptRenewal, type Member, type ServerMember } from '../model/member.js';

/** So many are kept of a member; those that were taken back are kept before others. */
const MOST_KEPT = 30;
/** A member that changes its key more often within a day is looked at by a person. */
const MOST_A_DAY = 5;
const DAY = 24 * 3_600_000;

/** Keys of members that are trusted because the accepted key signed them. */
export class KeyRenewals {
  readonly #state: JsonState<ClusterState>;
  readonly #audit: Audit;

  constructor(state: JsonState<ClusterState>, audit: Audit) {
    this.#state = state;
    this.#audit = audit;
  }

  /** On disk and in the audit log when it resolves. Rejects with MemberError where a person must look. */
  async keep({ id, hostname }: Member, { from, keys, fingerprint }: KeyRenewal): Promise<void> {
    const [last = ''] = keys.slice(-1);
    const present = this.#server(id);
    // Another connection may have brought it at the same time.
    if (present?.keyPin === last) return;
    refuseOften(hostname, present?.renewals);
    await this.#audit.command(SELF, 'acceptKey', `${hostname} ${last}`, () =>
      this.#state.update((draft) => {
        const member = draft.members.find((one) => one.id === id);
        if (member === undefined || !isServer(member) || member.keyPin !== from)
          throw new MemberError('certificate_changed', `What ${hostname} is known by was changed meanwhile.`);
        const before = { fingerprint: member.fingerprint, keyPin: from };
        const renewal = { at: new Date().toISOString(), from: before, keys: [...keys], fingerprint };
        const renewals = newest([...(member.renewals ?? []), renewal]);
        Object.assign(member, { keyPin: last, fingerprint, renewals });
      }),
    );
  }

  /**
   * Goes back to what was accepted before the last of them, and accepts it by itself no more. Resolves with the member.
   * Rejects with member_unknown, or with no_renewal where the present key was accepted by a person.
   */
  async takeBack(id: string, by: Principal): Promise<Member> {
    const find = (members: readonly Member[]): ServerMember => {
      const member = members.find((one) => one.id === id && mayUse(by, one));
      if (member === undefined) throw new ClusterError('member_unknown', { id: id.slice(0, 80) });
      if (!isServer(member) || presentRenewal(member) === undefined)
        throw new ClusterError('no_renewal', { member: member.hostname });
      return member;
    };
    await this.#state.update((draft) => {
      const member = find(draft.members);
      const renewal = presentRenewal(member);
      if (renewal === undefined) return;
      renewal.takenBackAt = new Date().toISOString();
      Object.assign(member, renewal.from);
    });
    return this.#server(id) ?? find(this.#state.data.members);
  }

  #server(id: string): ServerMember | undefined {
    return this.#state.data.members.filter((one) => isServer(one)).find((one) => one.id === id);
  }
}

/** Throws MemberError where there were too many. */
function refuseOften(hostname: string, renewals: readonly KeptRenewal[] = []): void {
  const since = new Date(Date.now() - DAY).toISOString();
  if (renewals.filter(({ at }) => at > since).length < MOST_A_DAY) return;
  throw new MemberError(
    'certificate_changed',
    `${hostname} changed its key more than ${MOST_A_DAY} times within a day, and nothing was sent to it. Find out why, ` +
      `then accept the present one on the member's page, or with: dnscluster members accept ${hostname}`,
  );
}

function newest(renewals: readonly KeptRenewal[]): KeptRenewal[] {
  const surplus = renewals.length - MOST_KEPT;
  if (surplus <= 0) return [...renewals];
  const oldest = renewals.find(({ takenBackAt }) => takenBackAt === undefined);
  return renewals.filter((one) => one !== oldest);
}
