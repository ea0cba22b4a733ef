import { Refused, Unanswered } from './faulty-node.js';
import type { Turn } from './zone-operations.js';
import type { MemberStatus } from '../../src/cluster/model/member-status.js';

/** What administrators do to members, each as often as its weight says. Each resolves in any case. */
export const MEMBER_OPERATIONS: Readonly<Record<string, { weight: number; run: (turn: Turn) => Promise<void> }>> = {
  disable: { weight: 2, run: (turn) => ofMember(turn, 'disablemember') },
  enable: { weight: 4, run: (turn) => ofMember(turn, 'enablemember') },
  standalone: { weight: 2, run: (turn) => ofMember(turn, 'setmemberrole', { role: 'standalone' }) },
  sync: { weight: 2, run: (turn) => ofMember(turn, 'setmemberrole', { role: 'sync' }) },
  writeOnly: { weight: 4, run: (turn) => ofMember(turn, 'setmemberrole', { role: 'write-only' }) },
  test: { weight: 2, run: (turn) => ofMember(turn, 'testmember') },
  checkDrift: { weight: 2, run: ({ web }) => tried(web.api('checkdrift')) },
  allowRemovals: { weight: 2, run: (turn) => ofMember(turn, 'allowremovals') },
  threshold: { weight: 1, run: threshold },
  synchronize: { weight: 1, run: (turn) => tried(turn.web.api('synchronize', { direction: 'all' })) },
};

async function ofMember({ web, random }: Turn, call: string, fields: { role?: string } = {}): Promise<void> {
  await tried(
    (async () => {
      const { member } = await web.api<{ member: MemberStatus[] }>('listmembers');
      await web.api(call, { member: random.pick(member)?.id ?? '', ...fields });
    })(),
  );
}

function threshold({ web, random }: Turn): Promise<void> {
  return tried(web.api('setfailurethreshold', { threshold: random.pick([0, 2, 10]) ?? 10 }));
}

/** A member may be down, and so may the server itself by now. */
async function tried(call: Promise<unknown>): Promise<void> {
  await call.catch((error: unknown) => {
    if (error instanceof Unanswered) return;
    if (!(error instanceof Refused) || error.code !== 'member_call_failed') throw error;
  });
}
