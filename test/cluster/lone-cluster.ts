import { join } from 'node:path';
import { Cluster } from '../../src/cluster/cluster.js';
import type { AuditTrail } from '../../src/cluster/model/audit.js';
import type { MemberType } from '../../src/members/member-type.js';
import { EmbeddedNameserver } from '../../src/nameservers/embedded/embedded.js';
import { createLog } from '../../src/operations/log.js';
import { NO_AUDIT, NO_TOKENS } from './cluster-node.js';

/** A whole cluster of one server, web.example.net: its zones in `folder`, its nameserver the embedded one. The caller stops it. */
export function loneCluster(
  folder: string,
  { audit = NO_AUDIT, memberTypes = [] }: { audit?: AuditTrail; memberTypes?: readonly MemberType[] } = {},
): Promise<Cluster> {
  const log = createLog({ level: 'silent' });
  return Cluster.start({
    folder: join(folder, 'data'),
    log,
    audit,
    memberTypes,
    own: { hostname: 'web.example.net', apiPort: 2087, fingerprint: undefined },
    nameserver: new EmbeddedNameserver({ listen: [{ host: '127.0.0.1', port: 0 }], version: '0', log }),
    tokens: NO_TOKENS,
  });
}
