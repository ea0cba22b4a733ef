import { networkInterfaces } from 'node:os';
import { ANNOUNCED_VERSION } from '../../wire-format/announced-version.js';
import type { WireCalls } from './wire-call.js';

/** Calls about this server and its nameserver. */
export const SERVER_CALLS: WireCalls = {
  showversion: { answer: () => ({ body: `${ANNOUNCED_VERSION}\n` }) },

  // Without a line end: clients use it as it is.
  gethostname: { answer: ({ cluster }) => ({ body: cluster.hostname }) },

  getips_local: {
    answer() {
      const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
      const outside = addresses.filter(({ internal, family }) => !internal && family === 'IPv4');
      const lines = outside.map(({ address, netmask }) => `${address}:${netmask}:${broadcast(address, netmask)}\n`);
      return { body: lines.join('') };
    },
  },

  getpath_local: {
    answer({ cluster, peer }) {
      const written = cluster.members.list(peer).filter(({ role }) => role !== 'standalone');
      return { body: written.map(({ hostname }) => `${cluster.hostname} ${hostname}\n`).join('') };
    },
  },

  addzoneconf_local: {
    async answer(request) {
      const zone = request.zone();
      await request.cluster.zones.reload([zone], request.peer);
      return { body: `Zone ${zone} is loaded on ${request.cluster.hostname}.\n` };
    },
  },

  reloadbind_local: {
    async answer(request) {
      const zones = request.zones('zone');
      await request.cluster.zones.reload(zones.length === 0 ? 'all' : zones, request.peer);
      return { body: `Bind reloading on ${request.cluster.hostname} using rndc zone: [${zones.join(',')}]\n` };
    },
  },

  reconfigbind_local: {
    async answer(request) {
      const zones = request.possibleZones('zone');
      await request.cluster.zones.reload(zones, request.peer);
      return { body: `Bind reconfiguring on ${request.cluster.hostname} using rndc\n` };
    },
  },

  reloadzones_local: {
    async answer(request) {
      const zones = request.possibleZones('zone', 'zones');
      await request.cluster.zones.reload(zones, request.peer);
      return { body: `Zones reloaded on ${request.cluster.hostname}: ${zones.join(',')}\n` };
    },
  },

  // The nameserver's configuration is written from the zone store alone: it holds nothing stale.
  cleandns_local: {
    answer: ({ cluster }) => ({ body: `${cluster.hostname} has no stale zone configuration.\n` }),
  },
};

function broadcast(address: string, netmask: string): string {
  const mask = netmask.split('.').map(Number);
  return address
    .split('.')
    .map((octet, i) => Number(octet) | (~(mask[i] ?? 255) & 255))
    .join('.');
}
