import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ClusterError } from '../../src/errors.js';
import { formPairs } from '../../src/wire-format/form-pairs.js';
import { formatOutcomes, parseConflicts, parseOutcomes } from '../../src/wire-format/outcome-lines.js';
import { encodeBundle, zoneOfKey } from '../../src/wire-format/zone-bundle.js';
import { CALLS } from '../../src/web/wire/wire-routes.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { hostingZones } from '../hosting-zones.js';
import { ApiServer } from '../web/api-server.js';
import { scratchCluster } from '../cluster/lone-cluster.js';
import { form } from '../web/wire-api.js';
import { fuzz, FUZZ_TIMEOUT } from './fuzz.js';
import { mutated } from './mutations.js';

const zones = hostingZones(3).map(({ name, text }) => ({ name: zoneName(name), text: Buffer.from(text) }));
const bundle = encodeBundle(zones);
const outcomes = formatOutcomes(
  [
    { name: zoneName('a.example'), outcome: 'saved', serial: 2026010101, digest: 'ab'.repeat(32) },
    { name: zoneName('b.example'), outcome: 'refused', reason: 'line 3: something is wrong' },
  ],
  'ns1',
);
const TOKENS = [
  '&',
  '=',
  '%',
  '%0',
  '%00',
  '%ff',
  'cpdnszone-',
  'zone=',
  '\n',
  '\0',
  '..%2f',
  '__proto__',
  ' => ',
  '+',
];

let server: ApiServer;
let end: () => Promise<void>;
beforeAll(async () => {
  const lone = await scratchCluster();
  end = lone.end;
  server = await ApiServer.start(lone.cluster);
});
afterAll(async () => {
  await server.stop();
  await end();
});

test(
  'any body of a bundle is read as pairs to its end, or is refused',
  async () => {
    await fuzz(mutated([bundle, gzipSync(bundle)], TOKENS), async (octets) => {
      let read = 0;
      try {
        for await (const { key, value } of formPairs([octets], 1_000_000)) {
          read += value.length;
          zoneOfKey(key);
        }
      } catch (error) {
        if (!(error instanceof ClusterError)) throw error;
      }
      expect(read).toBeLessThanOrEqual(octets.length);
    });
  },
  FUZZ_TIMEOUT,
);

test(
  'any answer of a member is read without an error, and names no more zones than it has lines',
  async () => {
    await fuzz(mutated([Buffer.from(outcomes)], TOKENS), (octets) => {
      const text = octets.toString('utf8');
      const lines = text.split('\n').length;
      expect(parseOutcomes(text).size).toBeLessThanOrEqual(lines);
      expect(parseConflicts(text).size).toBeLessThanOrEqual(lines);
    });
  },
  FUZZ_TIMEOUT,
);

test(
  'any body of any call of the wire is answered, and never with an error of ours',
  async () => {
    const calls = [...CALLS.keys()];
    const bodies = [
      ...[bundle, Buffer.from(form({ zone: 'a.example', dnsuniqid: 'x', hosts_seen: 'a,b' }))],
      Buffer.from(form({ zones: 'a.example,b.example', zone: 'b.example', zonedata: zones[0]?.text.toString() ?? '' })),
    ];
    await fuzz(mutated(bodies, TOKENS), async (octets) => {
      const call = calls[octets.length % calls.length] ?? '';
      const { status } = await server.call(call, octets);
      expect(status, call).toBeLessThan(500);
      expect(server.errors, call).toEqual([]);
    });
  },
  FUZZ_TIMEOUT,
);
