import { needs } from '../../needs.js';
import { OperatorsKnot } from '../operator-knot.js';
import { OperatorsNamed } from '../operator-named.js';
import { OperatorsNsd } from '../operator-nsd.js';
import { OperatorsPdns } from '../operator-powerdns.js';
import type { OperatorServer } from '../operator-server.js';

/** A kind of nameserver that the same scenarios are run over. */
export interface Candidate {
  kind: string;
  /** Are its programs installed? Where not, its scenarios are skipped, and fail in CI. */
  installed: boolean;
  /** A server as an operator runs it; absent for the one inside our process. */
  configure?: () => Promise<OperatorServer>;
}

/** A sixth nameserver is one line here. */
export const CANDIDATES: readonly Candidate[] = [
  { kind: 'embedded', installed: true },
  { kind: 'bind', installed: needs('named', 'named-checkzone'), configure: () => OperatorsNamed.configure() },
  { kind: 'powerdns', installed: needs('pdns_server', 'pdnsutil'), configure: () => OperatorsPdns.configure() },
  { kind: 'nsd', installed: needs('nsd', 'nsd-checkzone'), configure: () => OperatorsNsd.configure() },
  { kind: 'knot', installed: needs('knotd', 'kzonecheck'), configure: () => OperatorsKnot.configure() },
];
