import { appendFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { maySetClocks } from './clock.js';
import { FaultyCluster } from './faulty-cluster.js';
import { faultsFound, heal } from './healing.js';
import { mayIsolate } from './network.js';
import { Walk } from './walk.js';

/**
 * A short walk; a long one by FAULT_OPERATIONS=1000 FAULT_SEED=7 npx vitest run --project system
 * test/faults/random-walk.test.ts
 */
const OPERATIONS = Number(process.env['FAULT_OPERATIONS'] ?? 100);
const SEED = Number(process.env['FAULT_SEED'] ?? 4);
/** Each step goes to this file, where one is named. */
const LOG = process.env['FAULT_LOG'];
const OWN_ZONES = 3;
const LONGEST = 300_000 + OPERATIONS * 2_000;

describe.skipIf(!mayIsolate() || !maySetClocks())('two web servers and three nameservers', () => {
  let cluster: FaultyCluster;
  beforeAll(async () => {
    cluster = await FaultyCluster.start(2, 3, { clock: true });
    // Zones that are nobody else's.
    for (const node of cluster.nameservers)
      for (let i = 0; i < OWN_ZONES; i++) await cluster.save(node, `own-${i}.${node.name}.example`);
  });
  afterAll(() => cluster.close());

  test(
    `agree after ${OPERATIONS} operations among faults (seed ${SEED}), and nothing was lost, removed or set back meanwhile`,
    async () => {
      const walk = new Walk(cluster, SEED, (line) => {
        if (LOG !== undefined) appendFileSync(LOG, `${new Date().toISOString()} ${line}\n`);
      });
      const start = performance.now();
      try {
        await walk.run(OPERATIONS);
        const walked = performance.now();
        await heal(cluster);
        // What DNS answers is seen a moment later.
        await vi.waitFor(async () => expect(await faultsFound(cluster)).toEqual([]), {
          timeout: 20_000,
          interval: 500,
        });
        const [seconds, more] = [walked - start, performance.now() - walked].map((time) => Math.round(time / 1_000));
        process.stderr.write(`walk: ${seconds} s, healed after ${more} s, ${cluster.watch.answers} answers seen\n`);
      } finally {
        const counts = [...walk.counts].map(([what, count]) => `${what} ${count}`).join(', ');
        process.stderr.write(`FAULT_SEED=${SEED} FAULT_OPERATIONS=${OPERATIONS}: ${counts}\n`);
      }
    },
    LONGEST,
  );
});
