import {
  operatedServers,
  NAMESERVER_KINDS,
  type NameserverKind,
} from '../../../src/nameservers/nameserver-settings.js';
import { needs } from '../../needs.js';
import type { OperatorHarness, OperatorServer } from '../operator-server.js';

/** A kind of nameserver that the same scenarios are run over. */
export interface Candidate {
  kind: NameserverKind;
  /** Are its programs installed? Where not, its scenarios are skipped, and fail in CI. */
  installed: boolean;
  /** Absent where no operator can run such a server. */
  harness?: OperatorHarness;
  /** A server as an operator runs it. */
  configure?: () => Promise<OperatorServer>;
}

/** Every kind that there is. One that an operator may run has its harness in the folder of its tests. */
export const CANDIDATES: readonly Candidate[] = await Promise.all(NAMESERVER_KINDS.map(candidateOf));

async function candidateOf(kind: NameserverKind): Promise<Candidate> {
  if (!operatedServers().has(kind)) return { kind, installed: true };
  const { HARNESS: harness } = (await import(`../${kind}/operator.ts`)) as { HARNESS: OperatorHarness };
  return { kind, installed: needs(...harness.programs), harness, configure: harness.configure };
}
