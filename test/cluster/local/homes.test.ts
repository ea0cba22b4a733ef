import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ClusterState } from '../../../src/cluster/model/cluster-state.js';
import { ZoneIndex } from '../../../src/zones/zone-index.js';
import { zoneName } from '../../../src/zones/zone-name.js';
import { ClusterNode } from '../cluster-node.js';
import { reseller, ROOT, zoneText } from '../zone-texts.js';

const ZONE = zoneName('shop.example');
const OTHER = zoneName('mill.example');
let nodes: ClusterNode[] = [];
let [web1, web2, ns] = nodes as [ClusterNode, ClusterNode, ClusterNode];
beforeEach(async () => {
  nodes = await Promise.all(['web1', 'web2', 'ns'].map((host) => ClusterNode.start(host)));
  [web1, web2, ns] = nodes as [ClusterNode, ClusterNode, ClusterNode];
  await web1.add(ns);
});
afterEach(() => Promise.all(nodes.map((node) => node.end())));

const save = (node: ClusterNode, serial: number, zone = ZONE): ReturnType<ClusterNode['cluster']['saveZone']> =>
  node.cluster.saveZone(zone, zoneText(serial, `192.0.2.${serial}`), ROOT, { timeout: 5_000 });
const homeAt = (node: ClusterNode, zone = ZONE): string | undefined => node.cluster.zones.get(zone, ROOT)?.home?.server;

/** What a version wrote that knew no ids. */
async function forgetIds(node: ClusterNode): Promise<void> {
  await node.stop();
  const index = join(node.folder, 'data', 'index');
  const read = await ZoneIndex.read(index);
  read?.index.rehome(({ server, epoch }) => ({ server, epoch }));
  await read?.index.write(index);
  const file = join(node.folder, 'data', 'cluster.json');
  const { serverId, servers, ...old } = JSON.parse(readFileSync(file, 'utf8')) as ClusterState;
  expect([serverId?.length, servers.length > 0]).toEqual([36, true]);
  writeFileSync(file, JSON.stringify(old));
  await node.start();
}

describe('a server with another name', () => {
  test('has its zones: edits and removals of them work, and its members know it by the new name', async () => {
    await save(web1, 10);
    await save(web1, 11, OTHER);
    await web1.rename('srv7');
    expect((await web1.cluster.status(ROOT)).formerNames).toEqual(['web1']);
    expect(homeAt(web1)).toBe('srv7');
    const { members } = await save(web1, 12);
    expect(members).toMatchObject([{ state: 'served' }]);
    expect([homeAt(ns), homeAt(ns, OTHER)]).toEqual(['srv7', 'srv7']);
    const removed = await web1.cluster.removeZone(OTHER, ROOT);
    expect(removed.members).toMatchObject([{ state: 'removed' }]);
    expect(await ns.served(OTHER)).toBeUndefined();
    expect(nodes.flatMap((node) => node.cluster.zones.conflicts(ROOT))).toEqual([]);
    expect((await web1.cluster.drift.check(undefined, ROOT))[0]).toMatchObject({ found: 0, compared: 1 });
  });

  test('has them at a member that was down all the while, and after that one is started again', async () => {
    await save(web1, 10);
    await save(web1, 11, OTHER);
    await ns.stop();
    await web1.rename('srv7');
    await web1.cluster.removeZone(OTHER, ROOT, { wait: 'local' });
    await save(web1, 5);
    await web1.rename('srv8');
    await ns.start();
    await web1.cluster.members.test(web1.row(ns).id, ROOT);
    await vi.waitFor(() => expect(web1.row(ns)).toMatchObject({ pending: 0, state: 'online' }), 20_000);
    expect(await ns.served(OTHER)).toBeUndefined();
    expect([homeAt(ns), ns.holdings()]).toEqual(['srv8', web1.holdings()]);
    await ns.stop();
    await ns.start();
    expect(homeAt(ns)).toBe('srv8');
  });

  test('has those that it made before it had an id, there and at its members', async () => {
    await save(web1, 10);
    await save(web1, 11, OTHER);
    await forgetIds(web1);
    await forgetIds(ns);
    await vi.waitFor(() => expect(web1.row(ns)).toMatchObject({ pending: 0, state: 'online' }), 20_000);
    await save(web1, 12);
    await web1.rename('srv7');
    const removed = await web1.cluster.removeZone(OTHER, ROOT);
    expect(removed.members).toMatchObject([{ state: 'removed' }]);
    expect(await ns.served(OTHER)).toBeUndefined();
    expect((await save(web1, 13)).members).toMatchObject([{ state: 'served' }]);
  });

  test('leaves its old name to another server, which has none of its zones', async () => {
    await web2.add(ns);
    await save(web1, 10);
    await web1.rename('srv7');
    await save(web1, 11, OTHER);
    await web2.rename('web1');
    await save(web2, 9);
    await expect(ns.cluster.removeZone(ZONE, ROOT)).rejects.toMatchObject({ facts: { server: 'srv7' } });
    expect(await ns.served(ZONE)).toBe(10);
    await web2.cluster.removeZone(ZONE, ROOT);
    expect(await ns.served(ZONE)).toBe(10);
  });

  test('and one that was set up anew under its name, without its disk, goes on with its zones', async () => {
    await save(web1, 10);
    const again = await ClusterNode.start('web1');
    nodes.push(again);
    await web1.stop();
    await again.add(ns, 'sync');
    await again.cluster.synchronize.run({ direction: 'local', unconfigured: true, plan: false }, ROOT);
    expect(homeAt(again)).toBe('web1');
    expect((await save(again, 11)).members).toMatchObject([{ state: 'served' }]);
    expect((await again.cluster.removeZone(ZONE, ROOT)).members).toMatchObject([{ state: 'removed' }]);
    expect(await ns.served(ZONE)).toBeUndefined();
  });
});

describe('a copy that was fetched', () => {
  beforeEach(async () => {
    await save(web1, 10);
    await web2.add(ns, 'sync');
    await web2.cluster.synchronize.run({ direction: 'local', unconfigured: true, plan: false }, ROOT);
  });

  test('stays the zone of its server, edited or not, and is not removed', async () => {
    expect(homeAt(web2)).toBe('web1');
    expect((await save(web2, 20)).members).toMatchObject([{ state: 'served' }]);
    expect([homeAt(ns), homeAt(web2)]).toEqual(['web1', 'web1']);
    expect(nodes.flatMap((node) => node.cluster.zones.conflicts(ROOT))).toEqual([]);
    await expect(web2.cluster.removeZone(ZONE, ROOT)).rejects.toMatchObject({ code: 'zone_not_removed' });
    expect(await ns.served(ZONE)).toBe(20);
  });

  test('by a version that knew no homes is edited for its server, and its removal is answered as kept', async () => {
    await web2.stop();
    const index = join(web2.folder, 'data', 'index');
    const read = await ZoneIndex.read(index);
    const entry = read?.index.entries.get(ZONE);
    const { home, ...homeless } = entry ?? {};
    expect(home?.server).toBe('web1');
    read?.index.set(homeless as NonNullable<typeof entry>);
    await read?.index.write(index);
    await web2.start();
    await save(web2, 20);
    expect([await ns.served(ZONE), homeAt(ns)]).toEqual([20, 'web1']);
    const { members } = await web2.cluster.removeZone(ZONE, ROOT);
    expect(members).toMatchObject([{ state: 'kept', reason: expect.stringContaining('web1') as string }]);
    expect(await ns.served(ZONE)).toBe(20);
  });
});

describe('what a peer says of homes', () => {
  const claimed = { server: 'evil.example', epoch: 900 };
  const hostsSeen = ['evil.example'];

  test('is believed only where root trusts it: else the zone is of this server', async () => {
    const ann = reseller('ann');
    await ns.cluster.saveZone(ZONE, zoneText(1), ann, { sender: { claimed, hostsSeen } });
    expect(ns.cluster.zones.get(ZONE, ROOT)?.home).toMatchObject({ server: 'ns', epoch: 0 });
    await ns.cluster.removeZone(ZONE, ann, { sender: { claimed, hostsSeen } });
    await ns.cluster.saveZone(ZONE, zoneText(1), reseller('bob'));
    expect(ns.cluster.zones.get(ZONE, ROOT)?.home).toMatchObject({ server: 'ns', epoch: 0 });
  });

  test('binds the next owner of a name to nothing', async () => {
    await ns.cluster.saveZone(ZONE, zoneText(1), ROOT, { sender: { claimed, hostsSeen } });
    await ns.cluster.removeZone(ZONE, ROOT, { sender: { claimed, hostsSeen } });
    await ns.cluster.saveZone(ZONE, zoneText(2), reseller('bob'));
    expect(ns.cluster.zones.get(ZONE, ROOT)?.home).toMatchObject({ server: 'ns', epoch: 0 });
  });

  test('is refused where its epoch is far above what is known', async () => {
    const far = { server: 'evil.example', epoch: 1_001 };
    const refused = { code: 'zone_epoch_ahead' };
    await expect(
      ns.cluster.saveZone(ZONE, zoneText(1), ROOT, { sender: { claimed: far, hostsSeen } }),
    ).rejects.toMatchObject(refused);
    await save(web1, 10);
    await expect(
      ns.cluster.saveZone(ZONE, zoneText(20), ROOT, { sender: { claimed: far, hostsSeen } }),
    ).rejects.toMatchObject(refused);
    expect(homeAt(ns)).toBe('web1');
  });
});
