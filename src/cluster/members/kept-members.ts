import { refuseAbove } from '../../access/account-limits.js';
import type { Principal } from '../../access/principal.js';
import { ClusterError } from '../../errors.js';
import type { JsonState } from '../../state/json-state.js';
import type { ClusterState } from '../model/cluster-state.js';
import { isServer, mayUse, type Member, type ServerMember } from '../model/member.js';

/** Rows of an account that is not root's. */
const MOST_OF_ACCOUNT = 25;

/** The rows of members in the state file, and who may see and change them. */
export class KeptMembers {
  readonly #state: JsonState<ClusterState>;

  constructor(state: JsonState<ClusterState>) {
    this.#state = state;
  }

  /** Those that `by` may see. */
  list(by: Principal): readonly Member[] {
    return this.#state.data.members.filter((member) => mayUse(by, member));
  }

  servers(by: Principal): ServerMember[] {
    return this.list(by).filter(isServer);
  }

  /** Throws member_unknown. */
  find(id: string, by: Principal): Member {
    const member = this.#state.data.members.find((candidate) => candidate.id === id && mayUse(by, candidate));
    if (member === undefined) throw new ClusterError('member_unknown', { id: id.slice(0, 80) });
    return member;
  }

  /** Those that an account added. */
  #of(owner: string): Member[] {
    return this.#state.data.members.filter((member) => member.owner === owner);
  }

  /** Throws member_exists where a row of this account is the same: what others have is neither in its way nor told. */
  refuseTwin(owner: string, same: (member: Member) => boolean, host: string): void {
    const twin = this.#of(owner).find(same);
    if (twin !== undefined) throw new ClusterError('member_exists', { host, hostname: twin.hostname });
  }

  /** Rejects with member_exists, account_limit: looked at inside the update, for two may add the same at once. */
  async add(member: Member, by: Principal): Promise<void> {
    await this.#state.update((draft) => {
      const { hostname, owner } = member;
      if (isServer(member)) this.refuseTwin(owner, (other) => other.hostname === hostname, member.host);
      const size = { count: this.#of(owner).length + 1, most: MOST_OF_ACCOUNT };
      refuseAbove(size, by, { what: 'servers in its cluster', advice: 'Remove one first' });
      draft.members.push(member);
    });
  }

  async edit(id: string, by: Principal, change: (draft: Member) => void): Promise<Member> {
    this.find(id, by);
    await this.#state.update((draft) => {
      const member = draft.members.find((candidate) => candidate.id === id);
      if (member !== undefined) change(member);
    });
    return this.find(id, by);
  }

  async remove(id: string, by: Principal): Promise<void> {
    this.find(id, by);
    await this.#state.update((draft) => {
      draft.members = draft.members.filter((member) => member.id !== id);
    });
  }
}
