import type { Principal } from '../../access/principal.js';
import { ClusterError } from '../../errors.js';
import type { JsonState } from '../../state/json-state.js';
import type { ClusterState } from '../model/cluster-state.js';
import { isServer, mayUse, type Member, type ServerMember } from '../model/member.js';

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

  /** Throws member_exists where a row is the same. */
  refuseTwin(same: (member: Member) => boolean, host: string): void {
    const twin = this.#state.data.members.find(same);
    if (twin !== undefined) throw new ClusterError('member_exists', { host, hostname: twin.hostname });
  }

  /** `refuse` throws where it can't be kept. Called inside the update: two requests may add the same member at once. */
  async add(member: Member, refuse: () => void): Promise<void> {
    await this.#state.update((draft) => {
      refuse();
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
