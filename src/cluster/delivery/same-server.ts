import type { MemberChange } from '../../members/member-backend.js';
import { isServer, ROOT, type Member } from '../model/member.js';
import type { MemberWorker } from './member-worker.js';

type Row = { member: Member; worker: MemberWorker };

/**
 * A server may be in the table twice: as root's, and as an account's. What root's row brought there first is refused to
 * the account's row, which is root's there and no failure: the server has it.
 */
export class SameServer {
  readonly #member: Member;
  readonly #running: () => Row[];

  constructor(member: Member, running: () => Row[]) {
    this.#member = member;
    this.#running = running;
  }

  /** Has root's row done this there? */
  hasDone(change: MemberChange): boolean {
    return (
      this.#member.owner !== ROOT &&
      this.#rows().some(({ member, worker }) => member.owner === ROOT && has(worker, change))
    );
  }

  /** It is done by this row: the account's row that was refused it has it, too. */
  tell(change: MemberChange): void {
    if (this.#member.owner !== ROOT) return;
    for (const { worker } of this.#rows()) {
      if (worker.backlog.reasonAside(change.name) === undefined) continue;
      if (change.kind === 'upsert') worker.acknowledged.acknowledge(change);
      else worker.acknowledged.dropped(change.name);
      worker.zonesChanged([change.name]);
    }
  }

  #rows(): Row[] {
    const own = this.#member;
    return this.#running().filter(
      ({ member }) =>
        member.id !== own.id && isServer(member) && isServer(own) && member.fingerprint === own.fingerprint,
    );
  }
}

function has({ acknowledged, backlog }: MemberWorker, change: MemberChange): boolean {
  if (change.kind === 'upsert') return acknowledged.holds(change.name, change.digest);
  return !acknowledged.holds(change.name) && !backlog.has(change.name);
}
