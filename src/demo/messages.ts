import type { NodeSettings } from '../panel/node.js';
import type { NewMember } from '../cluster/model/member-status.js';

/** What the demo asks of a node's process. Each request is answered once; an import reports its progress between. */
export interface DemoCalls {
  start: { args: NodeSettings; result: { url: string; fingerprint: string } };
  /** Makes the user and a token with all privileges. */
  credentials: { args: { user: string; password: string }; result: { token: string } };
  join: { args: NewMember; result: { hostname: string } };
  import: { args: { folder: string }; result: ImportReport };
  status: { args: Record<string, never>; result: NodeReport };
  stop: { args: Record<string, never>; result: Record<string, never> };
}

export type CallName = keyof DemoCalls;

export interface ImportReport {
  saved: number;
  unchanged: number;
  leftOut: { file: string; why: string }[];
}

interface MemberReport {
  hostname: string;
  state: string;
  zones: number;
  zonesInSync: number;
  pending: number;
}

export interface NodeReport {
  zones: number;
  nameserver: string;
  members: MemberReport[];
}

export interface Request<Name extends CallName = CallName> {
  id: number;
  call: Name;
  args: DemoCalls[Name]['args'];
}

export type Reply =
  | { id: number; result: DemoCalls[CallName]['result'] }
  | { id: number; error: string }
  | { id: number; progress: number; of: number | undefined };
