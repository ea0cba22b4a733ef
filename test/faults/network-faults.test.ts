import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { FaultyCluster } from './faulty-cluster.js';
import type { FaultyNode } from './faulty-node.js';
import { mayIsolate } from './network.js';

const SOON = { timeout: 60_000, interval: 100 };

describe.skipIf(!mayIsolate())('a member behind a network that', () => {
  let cluster: FaultyCluster;
  let web: FaultyNode;
  let ns1: FaultyNode;
  beforeAll(async () => {
    cluster = await FaultyCluster.start(1, 1, { clock: false });
    [web, ns1] = [...cluster.webs, ...cluster.nameservers] as [FaultyNode, FaultyNode];
    // Its connections stand.
    await cluster.save(web, 'a.example', { wait: 'served' });
  });
  beforeEach(async () => {
    cluster.network.heal();
    await caughtUp();
  });
  afterAll(() => cluster.close());

  const caughtUp = async (): Promise<void> =>
    vi.waitFor(async () => expect(await cluster.row(web, ns1)).toMatchObject({ state: 'online', pending: 0 }), SOON);
  const serialAt = async (node: FaultyNode, zone: string): Promise<number | undefined> => {
    const { zone: held } = await node.api<{ zone?: { serial: number } }>('zonestate', { zone });
    return held?.serial;
  };
  const savesAt = async (node: FaultyNode, zone: string): Promise<number> => {
    const { entry } = await node.api<{ entry: unknown[] }>('listaudit', { action: 'saveZones', target: zone });
    return entry.length;
  };

  test('loses 30 % of all packets gets every change', async () => {
    cluster.network.lose(30, web.name, ns1.name);
    for (let i = 0; i < 40; i++) await cluster.save(web, `lossy-${i % 20}.example`);
    await caughtUp();
    expect(await ns1.zones()).toEqual(await web.zones());
  });

  test('takes 64 kbit/s gets every change', async () => {
    cluster.network.slow(ns1.name, 64);
    for (let i = 0; i < 40; i++) await cluster.save(web, `slow-${i % 20}.example`);
    await caughtUp();
    expect(await ns1.zones()).toEqual(await web.zones());
  });

  test('loses its answers does each change once, and loses none', async () => {
    const before = await savesAt(ns1, 'a.example');
    cluster.network.loseAnswers(ns1.name, web.name);
    const first = await cluster.save(web, 'a.example');
    await vi.waitFor(async () => expect(await serialAt(ns1, 'a.example')).toBe(first), SOON);
    expect((await cluster.row(web, ns1)).pending).toBe(1);
    const second = await cluster.save(web, 'a.example');
    const removed = 'lossy-1.example';
    cluster.watch.removed(removed);
    await web.api('removezone', { zone: removed, wait: 'none' });
    cluster.network.heal();
    await caughtUp();
    expect(await serialAt(ns1, 'a.example')).toBe(second);
    expect(await savesAt(ns1, 'a.example')).toBe(before + 2);
    expect(await ns1.zones()).toEqual(await web.zones());
  });

  test('fails in the middle of a push is said to fail, and gets what waits when it is back', async () => {
    cluster.network.cut(web.name, ns1.name);
    await cluster.save(web, 'a.example');
    // Long before the push has its time-out of five minutes.
    await vi.waitFor(async () => {
      const lastFailure = expect.stringContaining('cannot be reached') as string;
      expect(await cluster.row(web, ns1)).toMatchObject({ state: 'failing', pending: 1, lastFailure });
    }, SOON);
    cluster.network.heal();
    await caughtUp();
    expect(await ns1.zones()).toEqual(await web.zones());
  });

  test('is no place where a serial goes backwards, or a zone vanishes', () => {
    expect(cluster.watch.violations).toEqual([]);
    expect(cluster.watch.answers).toBeGreaterThan(100);
  });
});
