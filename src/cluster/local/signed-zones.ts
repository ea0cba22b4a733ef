import { ClusterError } from '../../errors.js';
import type { NameserverStatus } from '../../nameservers/nameserver.js';

/** So many are named in the sentence. */
const NAMED = 5;

/**
 * A nameserver that signs zones by itself answers with records that are in no master file: such a server is not let
 * into a cluster (as the original has it). Zones that were signed before, with their signatures in the file, are
 * carried as they are. Throws nameserver_signs_zones.
 */
export function refuseSignedZones(
  server: string,
  { software, signedZones: zones = [] }: Pick<NameserverStatus, 'software' | 'signedZones'>,
): void {
  if (zones.length === 0) return;
  const more = zones.length > NAMED ? ` and ${zones.length - NAMED} more` : '';
  throw new ClusterError('nameserver_signs_zones', {
    server,
    software,
    zones: `${zones.slice(0, NAMED).join(', ')}${more}`,
  });
}
