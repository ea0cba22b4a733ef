import { ROLES } from '../../../cluster/model/member.js';
import type { MemberStatus } from '../../../cluster/model/member-status.js';

/** A line of the picture: one member, where it stands, and the arrows between it and this server. */
interface Branch {
  hostname: string;
  id: string;
  state: MemberStatus['state'];
  writes: boolean;
  reads: boolean;
  y: number;
}

interface ClusterPicture {
  width: number;
  height: number;
  /** Middle of this server's box. */
  middle: number;
  branches: Branch[];
  /** The same in words, for who does not see it. */
  words: string;
}

const ROW = 34;
const TOP = 24;
const WIDTH = 560;
/** More are in the table only. */
const MOST = 60;

/** Who writes to whom, who reads from whom, and what is down. */
export function clusterPicture(hostname: string, members: readonly MemberStatus[]): ClusterPicture {
  const branches = members.slice(0, MOST).map((member, index): Branch => {
    const { writes, reads } = ROLES[member.role];
    return { hostname: member.hostname, id: member.id, state: member.state, writes, reads, y: TOP + index * ROW };
  });
  const height = TOP * 2 + Math.max(0, branches.length - 1) * ROW;
  const words = branches.map(({ hostname: name, state, writes, reads }) => {
    const does = [writes ? `sends changes to ${name}` : '', reads ? `reads from ${name}` : ''].filter(Boolean);
    return `${hostname} ${does.join(' and ')}${state === 'online' ? '' : `, which is ${state}`}`;
  });
  return { width: WIDTH, height, middle: height / 2, branches, words: words.join('; ') };
}
