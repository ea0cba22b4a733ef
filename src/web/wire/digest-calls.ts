import { hashesOf, inBuckets } from '../../zones/zone-digests.js';
import type { WireCalls } from './wire-call.js';
import type { ZoneRow } from '../../cluster/model/results.js';

/** Stands for a server that is not known. */
const UNKNOWN = '-';

/** What the original does not have: digests of zones, so that equal ones need not be sent to be compared. */
export const DIGEST_CALLS: WireCalls = {
  /**
   * `home`: of the zones that belong to this server (`-`: to none that is known). Without `buckets`, a line `BUCKET
   * HASH` for each bucket; with them, their zones. `zones`: of these, whosever they are. A zone's line is `NAME SERIAL
   * DIGEST SERVER`. `known`: `1` where a server of this name is known.
   */
  zonedigests_local: {
    async answer(request) {
      const { cluster, peer } = request;
      const server = request.text('known')?.toLowerCase();
      if (server !== undefined) return { body: cluster.servers.isKnown(server) ? '1' : '0' };
      const named = request.possibleZones('zones');
      const withHome = request.text('homes') === '1';
      if (named.length > 0)
        return {
          body: linesOf(
            named.flatMap((name) => cluster.zones.intactRow(name, peer) ?? []),
            withHome,
          ),
        };
      const held = cluster.zones.intact(peer);
      const home = request.text('home')?.toLowerCase() ?? UNKNOWN;
      const theirs = held.filter((row) => serverOf(row) === home);
      const buckets = await inBuckets(theirs);
      const wanted = request.list('buckets');
      if (wanted.length > 0) return { body: linesOf(wanted.flatMap((bucket) => buckets.get(bucket) ?? [])) };
      return { body: [...(await hashesOf(buckets))].map(([bucket, hash]) => `${bucket} ${hash}\n`).join('') };
    },
  },
};

function linesOf(rows: readonly ZoneRow[], withHome = false): string {
  const home = ({ home: of }: ZoneRow): string =>
    withHome && of && of.mark !== 'free' ? ` ${of.epoch} ${of.id ?? UNKNOWN}` : '';
  return rows.map((row) => `${row.name} ${row.serial} ${row.digest} ${serverOf(row)}${home(row)}\n`).join('');
}

function serverOf({ home }: ZoneRow): string {
  return home === undefined || home.mark === 'free' ? UNKNOWN : home.server;
}
