import { EventEmitter } from 'node:events';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Conflicts } from '../../../src/cluster/local/conflicts.js';
import { createLog } from '../../../src/operations/log.js';
import { zoneName } from '../../../src/zones/zone-name.js';
import { ClusterNode } from '../cluster-node.js';
import { scratchCluster } from '../lone-cluster.js';
import { reseller, ROOT, zoneText } from '../zone-texts.js';

const ZONE = zoneName('shop.example');
let nodes: ClusterNode[] = [];
let [web1, web2, ns] = nodes as [ClusterNode, ClusterNode, ClusterNode];
beforeEach(async () => {
  nodes = await Promise.all(['web1', 'web2', 'ns'].map((host) => ClusterNode.start(host)));
  [web1, web2, ns] = nodes as [ClusterNode, ClusterNode, ClusterNode];
  await web1.add(ns);
  await web2.add(ns);
});
afterEach(() => Promise.all(nodes.map((node) => node.end())));

const save = (
  node: ClusterNode,
  serial: number,
  address = '192.0.2.1',
): ReturnType<ClusterNode['cluster']['saveZone']> =>
  node.cluster.saveZone(ZONE, zoneText(serial, address), ROOT, { timeout: 5_000 });
const textAt = async (node: ClusterNode): Promise<string> => (await node.cluster.zones.text(ZONE, ROOT)).toString();
const conflictsOf = (node: ClusterNode): string[][] =>
  node.cluster.zones.conflicts(ROOT).map(({ zone, servers, kept, metAt }) => [zone, ...servers, kept, metAt]);

describe('a zone that two servers write', () => {
  test('is a conflict on all three: the later serial wins, and the earlier one is refused with the reason', async () => {
    await save(web1, 10, '192.0.2.10');
    await save(web2, 20, '192.0.2.20');
    expect(await textAt(ns)).toContain('192.0.2.20');
    expect(conflictsOf(ns)).toEqual(
      [[ZONE, 'web1', 'web2', 'web1', 'ns']].map(([zone]) => [zone, 'web2', 'web1', 'web2', 'ns']),
    );
    await vi.waitFor(() => expect(conflictsOf(web2)).toEqual([[ZONE, 'web2', 'web1', 'web2', 'ns']]));
    const { members } = await save(web1, 15, '192.0.2.15');
    expect(members[0]).toMatchObject({ state: 'failed' });
    expect(members[0]?.reason).toMatch(/belongs to web2 \(serial 20\), so web1 can't replace it/);
    expect(await textAt(ns)).toContain('192.0.2.20');
    expect(conflictsOf(web1)).toEqual([[ZONE, 'web2', 'web1', 'web2', 'ns']]);
  });

  test('stays with the first of them, where that is the policy', async () => {
    await ns.cluster.settings.change({ conflictPolicy: 'first' }, ROOT);
    await save(web1, 10);
    const { members } = await save(web2, 20, '192.0.2.20');
    expect(members[0]).toMatchObject({ state: 'failed' });
    expect(await ns.served(ZONE)).toBe(10);
    expect(conflictsOf(ns)).toEqual([[ZONE, 'web1', 'web2', 'web1', 'ns']]);
    await ns.stop();
    await ns.start();
    expect(conflictsOf(ns)).toHaveLength(1);
    await ns.cluster.zones.forgetConflict(ZONE, ROOT);
    expect(conflictsOf(ns)).toEqual([]);
  });

  test('is none where both have the same content', async () => {
    await save(web1, 10);
    const { members } = await save(web2, 10);
    expect(members[0]).toMatchObject({ state: 'served' });
    expect(nodes.flatMap(conflictsOf)).toEqual([]);
  });

  test('is shown to the reseller whose it is, and to no other', async () => {
    await save(web1, 10, '192.0.2.10');
    await save(web2, 20);
    expect(ns.cluster.zones.conflicts(reseller('ann'))).toEqual([]);
    await expect(ns.cluster.zones.forgetConflict(ZONE, reseller('ann'))).rejects.toMatchObject({
      code: 'privilege_missing',
    });
  });

  test('is not removed for the one when the other removes it', async () => {
    await save(web1, 10);
    await save(web2, 20, '192.0.2.20');
    await web1.cluster.removeZone(ZONE, ROOT);
    await vi.waitFor(() => expect(web1.row(ns).pending).toBe(0));
    expect(await ns.served(ZONE)).toBe(20);
    expect(await textAt(ns)).toContain('192.0.2.20');
  });
});

describe('a zone of another server', () => {
  test('is not removed here but there, or by who insists', async () => {
    await save(web1, 10);
    await expect(ns.cluster.removeZone(ZONE, ROOT)).rejects.toMatchObject({
      code: 'zone_not_removed',
      message: expect.stringContaining('belongs to web1') as string,
    });
    await ns.cluster.removeZone(ZONE, ROOT, { evenOfOthers: true });
    expect(await ns.served(ZONE)).toBeUndefined();
  });

  test('can be edited here, and stays theirs', async () => {
    await save(web1, 10);
    await save(ns, 11, '192.0.2.11');
    const { members } = await save(web1, 12, '192.0.2.12');
    expect(members[0]).toMatchObject({ state: 'served' });
    expect(nodes.flatMap(conflictsOf)).toEqual([]);
  });
});

describe('a zone that was taken over', () => {
  test('is refused from the server that had it, whatever its serial, and goes on from the new one', async () => {
    await save(web1, 10);
    await save(web2, 5, '192.0.2.5').catch(() => undefined);
    // The member holds a later serial: it is passed, and only then is there an answer.
    const { members } = await web2.cluster.zones.takeOver(ZONE, ROOT);
    expect(members).toMatchObject([{ state: 'served' }]);
    expect(await textAt(ns)).toContain('192.0.2.5');
    const late = await save(web1, 4_000, '192.0.2.40');
    expect(late.members[0]?.reason).toMatch(/was taken over by web2, so the older version from web1 was refused/);
    const next = await save(web2, 5_000, '192.0.2.50');
    expect(next.members[0]).toMatchObject({ state: 'served' });
    expect(await textAt(ns)).toContain('192.0.2.50');
    await web1.cluster.removeZone(ZONE, ROOT);
    await vi.waitFor(() => expect(web1.row(ns).pending).toBe(0));
    expect(await ns.served(ZONE)).toBe(5_000);
  });

  test('is fetched first where it is not here', async () => {
    await web2.cluster.members.setRole(web2.row(ns).id, 'sync', ROOT);
    await save(web1, 10);
    await web1.stop();
    const { members } = await web2.cluster.zones.takeOver(ZONE, ROOT);
    expect(members[0]).toMatchObject({ state: 'served' });
    expect(web2.cluster.zones.get(ZONE, ROOT)).toMatchObject({ home: { server: 'web2', epoch: 1 } });
    expect(ns.cluster.zones.get(ZONE, ROOT)).toMatchObject({ home: { server: 'web2', epoch: 1 } });
    await web1.start();
  });

  test('keeps its server and epoch over a restart', async () => {
    await save(web1, 10);
    await web1.cluster.zones.takeOver(ZONE, ROOT);
    for (const node of [web1, ns]) {
      await node.stop();
      await node.start();
      expect(node.cluster.zones.get(ZONE, ROOT)?.home).toMatchObject({ server: 'web1', epoch: 1 });
    }
  });
});

describe('a server that comes back from an old state', () => {
  test('is told to drop a zone that was removed since, and brings it back nowhere', async () => {
    await save(web1, 10);
    const backup = mkdtempSync(join(tmpdir(), 'backup-'));
    await web1.stop();
    cpSync(join(web1.folder, 'data'), backup, { recursive: true });
    await web1.start();
    await web1.cluster.removeZone(ZONE, ROOT);
    await vi.waitFor(async () => expect(await ns.served(ZONE)).toBeUndefined());
    await web1.stop();
    rmSync(join(web1.folder, 'data'), { recursive: true });
    cpSync(backup, join(web1.folder, 'data'), { recursive: true });
    rmSync(backup, { recursive: true });
    await web1.start();
    expect(web1.cluster.zones.get(ZONE, ROOT)).toBeDefined();
    await web1.cluster.synchronize.run({ direction: 'all', unconfigured: false, plan: false }, ROOT);
    await vi.waitFor(() =>
      expect(web1.cluster.members.failures(ROOT).zones[0]?.reason).toMatch(/was removed by root at .* with serial 10/),
    );
    expect(await ns.served(ZONE)).toBeUndefined();
    // Made anew, above what was: that is a statement.
    const { members } = await save(web1, 11, '192.0.2.11');
    expect(members[0]).toMatchObject({ state: 'served' });
  });
});

test('conflicts of one account fill no more than its share of the list, and stop neither root nor another', async () => {
  const { cluster, end } = await scratchCluster();
  const store = cluster['parts'].store;
  const namesOf = (user: string, count: number) =>
    Array.from({ length: count }, (_, i) => zoneName(`z${i}.${user}.example`));
  const hers = namesOf('ann', 201);
  for (const [zones, by] of [
    [hers, reseller('ann')],
    [namesOf('bob', 1), reseller('bob')],
    [namesOf('root', 1), ROOT],
  ] as const)
    await cluster.zones.saveMany(
      zones.map((name) => ({ name, text: zoneText(1) })),
      by,
      { wait: 'local' },
    );
  const folder = mkdtempSync(join(tmpdir(), 'conflicts-'));
  const log = createLog({ level: 'silent' });
  const list = await Conflicts.open(join(folder, 'conflicts'), {
    store,
    hostname: 'web',
    events: new EventEmitter(),
    log,
  });
  const servers = { kept: 'web', other: 'rootserver.example', metAt: 'ns' };
  for (const zone of [...hers, ...namesOf('bob', 1), ...namesOf('root', 1)]) list.record(zone, servers);
  expect(list.list(reseller('ann'))).toHaveLength(200);
  expect(list.list(reseller('bob'))).toHaveLength(1);
  expect(list.list(ROOT)).toHaveLength(202);
  list.forget(zoneName('z0.ann.example'));
  list.record(zoneName('z200.ann.example'), servers);
  expect(list.list(reseller('ann'))).toHaveLength(200);
  await list.close();
  await end();
  rmSync(folder, { recursive: true });
});
