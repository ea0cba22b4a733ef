import type { Principal } from '../access/principal.js';
import type { Cluster } from '../cluster/cluster.js';
import { ClusterError } from '../errors.js';
import type { PastVersion } from '../zones/zone-history.js';
import type { ZoneName } from '../zones/zone-name.js';

/** The version of a zone that the change at this ISO time ended. Rejects with version_unknown. */
export async function pastVersion(
  cluster: Cluster,
  zone: ZoneName,
  time: unknown,
  by: Principal,
): Promise<PastVersion> {
  const found = (await cluster.zones.history(zone, by)).find((one) => one.time === time);
  if (found === undefined) throw new ClusterError('version_unknown', { zone });
  return found;
}
