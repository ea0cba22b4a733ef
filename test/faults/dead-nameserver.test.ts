import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { needs } from '../needs.js';
import { FaultyCluster } from './faulty-cluster.js';
import type { FaultyNode } from './faulty-node.js';
import { mayIsolate } from './network.js';

const SOON = { timeout: 60_000, interval: 100 };

describe.skipIf(!mayIsolate() || !needs('nsd'))('a member whose nameserver hangs while its API answers', () => {
  let cluster: FaultyCluster;
  let web: FaultyNode;
  let ns1: FaultyNode;
  const signal = (how: 'SIGSTOP' | 'SIGCONT'): void => {
    for (const pid of cluster.network.processes(ns1.name)) if (pid !== ns1.pid) process.kill(pid, how);
  };
  beforeAll(async () => {
    cluster = await FaultyCluster.start(1, 1, { nameserver: 'nsd' });
    [web, ns1] = [...cluster.webs, ...cluster.nameservers] as [FaultyNode, FaultyNode];
  });
  afterAll(async () => {
    signal('SIGCONT');
    await cluster.close();
  });

  test('takes changes, says that they are not served, and serves them when it is back', async () => {
    const zone = 'a.example';
    await cluster.save(web, zone, { wait: 'served', timeout: 30 });
    const state = async (): Promise<string | undefined> =>
      (await web.api<{ members: { state: string }[] }>('zonestate', { zone })).members[0]?.state;
    await vi.waitFor(async () => expect(await state()).toBe('served'), SOON);
    signal('SIGSTOP');
    await cluster.save(web, zone, { wait: 'served', timeout: 3 });
    expect(await state()).not.toBe('served');
    expect(await cluster.row(web, ns1)).toMatchObject({ state: 'online' });
    // What the member itself says to who looks at it.
    const { nameserver } = await ns1.api<{ nameserver: { running: boolean } }>('clusterstatus');
    expect(nameserver.running).toBe(false);
    signal('SIGCONT');
    await vi.waitFor(async () => expect(await state()).toBe('served'), SOON);
    expect(cluster.watch.violations).toEqual([]);
  });
});
