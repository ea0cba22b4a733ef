import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { maySetClocks } from './clock.js';
import { FaultyCluster } from './faulty-cluster.js';
import type { FaultyNode } from './faulty-node.js';
import { mayIsolate } from './network.js';

const SOON = { timeout: 60_000, interval: 100 };
const HOUR = 3_600;
const DAY = 24 * HOUR;

describe.skipIf(!mayIsolate() || !maySetClocks())('servers whose clocks are set', () => {
  let cluster: FaultyCluster;
  let web: FaultyNode;
  let ns1: FaultyNode;
  const kept = Array.from({ length: 10 }, (_, i) => `zone-${i}.example`);
  const removed = 'gone.example';
  beforeAll(async () => {
    cluster = await FaultyCluster.start(1, 1, { clock: true });
    [web, ns1] = [...cluster.webs, ...cluster.nameservers] as [FaultyNode, FaultyNode];
    for (const zone of [...kept, removed]) await cluster.save(web, zone, { wait: 'served' });
    await cluster.remove(web, removed);
  });
  afterAll(() => cluster.close());

  /** Everywhere the same, and what was acknowledged. */
  const allAsItShould = async (): Promise<void> => {
    await vi.waitFor(async () => expect(await ns1.zones()).toEqual(await web.zones()), SOON);
    expect(cluster.truth.compare(web.name, await web.zones())).toEqual([]);
    expect(cluster.watch.violations).toEqual([]);
  };

  test.each([
    ['both forward by an hour', HOUR, HOUR],
    ['that of the member back by three days', HOUR, -3 * DAY],
    ['that of the web server back by three days', -3 * DAY, -3 * DAY],
    ['that of the web server forward by 30 days', 30 * DAY, -3 * DAY],
    ['both right', 0, 0],
  ])('%s: each change is served at once, nothing else is removed, no serial goes backwards', async (_, here, there) => {
    await Promise.all([web.setClock(here), ns1.setClock(there)]);
    const fresh = `new${here}and${there}.example`;
    for (const zone of [...kept, fresh]) {
      await cluster.save(web, zone, { wait: 'served', timeout: 30 });
      // It is looked at DNS when that is due.
      const { members } = await web.api<{ members: { state: string }[] }>('zonestate', { zone });
      expect(members).toMatchObject([{ state: 'served' }]);
    }
    await cluster.remove(web, fresh);
    await allAsItShould();
  });

  test('and that are started again know what was removed, and all else', async () => {
    await web.kill();
    await web.setClock(-10 * DAY);
    await web.start();
    await allAsItShould();
    await expect(web.api('restorezone', { zone: removed, wait: 'none' })).resolves.toMatchObject({ change: 'created' });
    cluster.truth.beginRestoring(removed);
    cluster.truth.restored(removed);
    await allAsItShould();
  });
});
