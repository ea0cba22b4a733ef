import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cluster } from '../../src/cluster/cluster.js';
import type { AuditTrail } from '../../src/cluster/model/audit.js';
import type { HostPanel } from '../../src/host/host-panel.js';
import type { MemberType } from '../../src/members/member-type.js';
import { cpanel } from '../../src/members/cpanel/cpanel-type.js';
import { EmbeddedNameserver } from '../../src/nameservers/embedded/embedded.js';
import { createLog } from '../../src/operations/log.js';
import { NO_AUDIT, NO_TOKENS } from './cluster-node.js';

export interface LoneOptions {
  audit?: AuditTrail;
  memberTypes?: readonly MemberType[];
  /** Users of the host; everybody is one where absent. */
  users?: HostPanel['users'];
}

/**
 * A whole cluster of one server, web.example.net: its zones in `folder`, its nameserver the embedded one. The caller
 * stops it.
 */
export function loneCluster(
  folder: string,
  { audit = NO_AUDIT, memberTypes = [], users }: LoneOptions = {},
): Promise<Cluster> {
  const log = createLog({ level: 'silent' });
  return Cluster.start({
    folder: join(folder, 'data'),
    log,
    audit,
    memberTypes: [cpanel, ...memberTypes],
    users,
    own: { hostname: 'web.example.net', apiPort: 2087, fingerprint: undefined },
    nameserver: new EmbeddedNameserver({ listen: [{ host: '127.0.0.1', port: 0 }], version: '0', log }),
    tokens: NO_TOKENS,
  });
}

/** The same in a folder of its own, which is deleted at the end. */
export async function scratchCluster(options?: LoneOptions): Promise<{ cluster: Cluster; end: () => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'lone-cluster-'));
  const cluster = await loneCluster(folder, options);
  const end = async (): Promise<void> => {
    await cluster.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { cluster, end };
}
