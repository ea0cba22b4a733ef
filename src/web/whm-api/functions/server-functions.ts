import { z } from 'zod';
import { defined } from '../../../operations/defined.js';
import { ANNOUNCED_VERSION } from '../../../wire-format/announced-version.js';
import { apiFunction, text, type ApiFunction } from '../api-function.js';

/** The original's name for the DNS server, whatever its software. */
const DNS_SERVICE = 'named';

const service = z.object({
  name: z.string(),
  display_name: z.string(),
  enabled: z.number(),
  installed: z.number(),
  monitored: z.number(),
  running: z.number(),
  version: z.string(),
  zones: z.number().optional(),
  memory: z.number().optional(),
  started_at: z.number().optional(),
  reason: z.string().optional(),
});

/** About this server and the caller. */
export const SERVER_FUNCTIONS = {
  version: apiFunction({
    summary:
      'The version by which clients choose their calls, zones that the nameserver signs, and, with zones=1, the number of the caller’s zones',
    privilege: null,
    parameters: {
      zones: text.optional(),
      server: text.optional(),
      server_id: text.optional(),
      server_was: text.optional(),
    },
    answer: z.object({
      version: z.string(),
      zones: z.number().optional(),
      signed_zones: z.array(z.string()).optional(),
    }),
    run: async ({ zones }, { cluster, peer, asker }) => {
      if (asker !== undefined && peer.kind === 'root') await cluster.servers.learn(asker);
      const { signedZones } = (await cluster.status(peer)).nameserver;
      const signed = defined({ signed_zones: signedZones });
      // Only who asks for it gets it: to others the answer is the original's, to the letter.
      const held = zones === undefined ? {} : { zones: cluster.zones.intactCount(peer) };
      return { version: ANNOUNCED_VERSION, ...held, ...signed };
    },
  }),
  installed_versions: apiFunction({
    summary: 'The nameserver software and its version',
    privilege: null,
    parameters: {},
    answer: z.record(z.string(), z.string()),
    run: async (_, { cluster, peer }) => {
      const { software, version } = (await cluster.status(peer)).nameserver;
      return { [keyOf(software)]: version };
    },
  }),
  servicestatus: apiFunction({
    summary: 'Whether the nameserver runs',
    privilege: null,
    parameters: { service: text.optional() },
    answer: z.object({ service: z.array(service) }),
    run: async ({ service = DNS_SERVICE }, { cluster, peer }) => {
      if (service !== DNS_SERVICE) return { service: [] };
      const { running, software, version, zones, memory, startedAt, reason } = (await cluster.status(peer)).nameserver;
      const known = { enabled: 1, installed: 1, monitored: 1, running: running ? 1 : 0, name: DNS_SERVICE };
      return { service: [{ ...known, display_name: software, version, zones, memory, started_at: startedAt, reason }] };
    },
  }),
  gethostname: apiFunction({
    summary: 'The host name of this server',
    privilege: null,
    parameters: {},
    answer: z.object({ hostname: z.string() }),
    run: (_, { cluster }) => ({ hostname: cluster.hostname }),
  }),
  myaddress: apiFunction({
    summary: 'The address from which this call comes, as this server sees it',
    privilege: null,
    parameters: {},
    answer: z.object({ address: z.string() }),
    run: (_, { address }) => ({ address }),
  }),
  myprivs: apiFunction({
    summary: 'The privileges of the caller',
    privilege: null,
    parameters: {},
    answer: z.object({ privileges: z.array(z.record(z.string(), z.literal(1))) }),
    run: (_, { peer }) => ({ privileges: [Object.fromEntries(peer.privileges.map((name) => [name, 1] as const))] }),
  }),
} satisfies Readonly<Record<string, ApiFunction>>;

/** As the original keys it: one word, in small letters. */
function keyOf(software: string): string {
  return software.toLowerCase().replace(/ dns$/, '');
}
