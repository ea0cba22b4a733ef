import { ANNOUNCED_VERSION } from '../../../wire-format/announced-version.js';
import { apiFunction, text, type ApiFunction } from '../api-function.js';

/** The original's name for the DNS server, whatever its software. */
const DNS_SERVICE = 'named';

/** About this server and the caller. */
export const SERVER_FUNCTIONS: Readonly<Record<string, ApiFunction>> = {
  version: apiFunction({
    summary:
      'The version by which clients choose their calls, zones that the nameserver signs by itself, and, with zones=1, how many zones the caller has here',

    parameters: { zones: text.optional() },
    run: async ({ zones }, { cluster, peer }) => {
      const { signedZones } = (await cluster.status(peer)).nameserver;
      const signed = signedZones === undefined ? {} : { signed_zones: signedZones };
      // Only who asks for it gets it: to others the answer is the original's, to the letter.
      const held = zones === undefined ? {} : { zones: cluster.heldCount(peer) };
      return { version: ANNOUNCED_VERSION, ...held, ...signed };
    },
  }),
  installed_versions: apiFunction({
    summary: 'The nameserver software and its version',

    parameters: {},
    run: async (_, { cluster, peer }) => {
      const { software, version } = (await cluster.status(peer)).nameserver;
      return { [keyOf(software)]: version };
    },
  }),
  servicestatus: apiFunction({
    summary: 'Whether the nameserver runs',

    parameters: { service: text.optional() },
    run: async ({ service = DNS_SERVICE }, { cluster, peer }) => {
      if (service !== DNS_SERVICE) return { service: [] };
      const { running, software, version, zones, memory, startedAt, reason } = (await cluster.status(peer)).nameserver;
      const known = { enabled: 1, installed: 1, monitored: 1, running: running ? 1 : 0, name: DNS_SERVICE };
      return { service: [{ ...known, display_name: software, version, zones, memory, started_at: startedAt, reason }] };
    },
  }),
  gethostname: apiFunction({
    summary: 'The host name of this server',
    parameters: {},
    run: (_, { cluster }) => ({ hostname: cluster.hostname }),
  }),
  myaddress: apiFunction({
    summary: 'The address from which this call comes, as this server sees it',
    parameters: {},
    run: (_, { address }) => ({ address }),
  }),
  myprivs: apiFunction({
    summary: 'The privileges of the caller',

    parameters: {},
    run: (_, { peer }) => ({ privileges: [Object.fromEntries(peer.privileges.map((name) => [name, 1]))] }),
  }),
};

/** As the original keys it: `bind`, `powerdns`, `nsd`. */
function keyOf(software: string): string {
  return software.toLowerCase().replace(/ dns$/, '');
}
