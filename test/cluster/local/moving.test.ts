import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { zoneName, type ZoneName } from '../../../src/zones/zone-name.js';
import { ClusterNode } from '../cluster-node.js';
import { reseller, ROOT, zoneText } from '../zone-texts.js';

const ZONE = zoneName('shop.example');
let nodes: ClusterNode[] = [];
let [web1, web2, ns] = nodes as [ClusterNode, ClusterNode, ClusterNode];
let prober: { stop: () => Promise<number> } | undefined;
beforeEach(async () => {
  nodes = await Promise.all(['web1', 'web2', 'ns'].map((host) => ClusterNode.start(host)));
  [web1, web2, ns] = nodes as [ClusterNode, ClusterNode, ClusterNode];
  await ns.cluster.settings.change({ conflictPolicy: 'first' }, ROOT);
  await web1.add(ns);
  await web2.add(ns);
  await web1.cluster.saveZone(ZONE, zoneText(50, '192.0.2.1'), ROOT);
});
afterEach(async () => {
  await prober?.stop();
  await Promise.all(nodes.map((node) => node.end()));
});

const here = (node: ClusterNode): ReturnType<ClusterNode['cluster']['zones']['get']> =>
  node.cluster.zones.get(ZONE, ROOT);
const textAt = async (node: ClusterNode): Promise<string> => (await node.cluster.zones.text(ZONE, ROOT)).toString();
const hasArrived = (): Promise<void> =>
  vi.waitFor(async () => expect(await textAt(ns)).toContain('192.0.2.2'), { timeout: 15_000, interval: 50 });

/** Asks the nameserver without a pause; resolves with how many questions had no answer. */
function probe(): { stop: () => Promise<number> } {
  const over = new AbortController();
  let silent = 0;
  const asking = (async () => {
    while (!over.signal.aborted) if ((await ns.served(ZONE)) === undefined) silent++;
  })();
  return {
    stop: async () => {
      over.abort();
      await asking;
      return silent;
    },
  };
}

describe('a zone that a member refused', () => {
  test('is taken as soon as the server that has it there removes it', async () => {
    const { members } = await web2.cluster.saveZone(ZONE, zoneText(20, '192.0.2.2'), ROOT);
    expect(members).toMatchObject([{ state: 'failed' }]);
    await web1.cluster.removeZone(ZONE, ROOT);
    await hasArrived();
    await vi.waitFor(() => expect(web2.row(ns)).toMatchObject({ state: 'online', pending: 0 }), 10_000);
    expect(here(ns)?.home?.server).toBe('web2');
  });
});

describe('a zone that is handed over', () => {
  test('goes on from the new server, and not one question is without an answer', async () => {
    await web2.cluster.saveZone(ZONE, zoneText(20, '192.0.2.2'), ROOT);
    prober = probe();
    const [outcome] = await web1.cluster.zones.handOver([ZONE], 'WEB2', ROOT);
    expect(outcome).toMatchObject({ result: { members: [{ state: 'served' }] } });
    await hasArrived();
    const removed = await web1.cluster.removeZone(ZONE, ROOT);
    expect(removed).toMatchObject({ isKept: true, members: [{ state: 'kept' }] });
    expect(await prober.stop()).toBe(0);
    expect(here(ns)).toMatchObject({ home: { server: 'web2', epoch: 1 } });
    await vi.waitFor(() => expect(web2.row(ns).pending).toBe(0), 10_000);
    expect(ns.holdings()).toEqual(web2.holdings());
    await web1.stop();
    await web1.start();
    expect((await web1.cluster.drift.check(undefined, ROOT))[0]).toMatchObject({ found: 0 });
    expect((await web2.cluster.drift.check(undefined, ROOT))[0]).toMatchObject({ found: 0 });
    expect(await textAt(ns)).toContain('192.0.2.2');
  });

  test('is served from its old text until the new server makes it, which then has it', async () => {
    await web2.cluster.saveZone(zoneName('other.example'), zoneText(1), ROOT);
    await web1.cluster.zones.handOver([ZONE], 'web2', ROOT);
    await web1.cluster.removeZone(ZONE, ROOT);
    expect(await textAt(ns)).toContain('192.0.2.1');
    await web2.cluster.addZone(ZONE, zoneText(20, '192.0.2.2'), ROOT);
    await hasArrived();
    await web2.cluster.removeZone(ZONE, ROOT);
    expect(await ns.served(ZONE)).toBeUndefined();
  });

  test('is not changed on the old server, nor by what that one sends or makes again', async () => {
    await web2.cluster.saveZone(ZONE, zoneText(20, '192.0.2.2'), ROOT);
    await web1.cluster.zones.handOver([ZONE], 'web2', ROOT);
    await hasArrived();
    await expect(web1.cluster.saveZone(ZONE, zoneText(90), ROOT)).rejects.toMatchObject({ code: 'zone_left' });
    await web1.cluster.synchronize.run({ direction: 'all', unconfigured: false, plan: false }, ROOT);
    await vi.waitFor(() => expect(web1.row(ns).pending).toBe(0), 10_000);
    expect(await textAt(ns)).toContain('192.0.2.2');
    await web1.cluster.removeZone(ZONE, ROOT);
    const again = await web1.cluster.addZone(ZONE, zoneText(99, '192.0.2.9'), ROOT);
    expect(again.members).toMatchObject([{ state: 'failed' }]);
    expect(await textAt(ns)).toContain('192.0.2.2');
  });

  test('goes to a member that was down, where the new version stays, whichever of the two servers is first there', async () => {
    const other = await ClusterNode.start('ns2');
    nodes.push(other);
    await web1.add(other);
    await vi.waitFor(() => expect(web1.row(other).pending).toBe(0), 10_000);
    await web2.add(other);
    await web2.cluster.saveZone(ZONE, zoneText(20, '192.0.2.2'), ROOT);
    await other.stop();
    await web1.cluster.zones.handOver([ZONE], 'web2', ROOT);
    await hasArrived();
    await other.start();
    for (const web of [web2, web1]) {
      await web.cluster.members.test(web.row(other).id, ROOT);
      await vi.waitFor(() => expect(web.row(other)).toMatchObject({ pending: 0, state: 'online' }), 20_000);
    }
    expect(await textAt(other)).toContain('192.0.2.2');
    expect(here(other)?.home).toMatchObject({ server: 'web2', epoch: 1 });
  });

  test('is none of somebody else, of another server, or for a server that nobody knows', async () => {
    await expect(web1.cluster.zones.handOver([ZONE], 'web3', ROOT)).rejects.toMatchObject({ code: 'server_unknown' });
    await expect(web1.cluster.zones.handOver([ZONE], 'web1', ROOT)).rejects.toMatchObject({
      code: 'parameter_invalid',
    });
    const [others] = await web1.cluster.zones.handOver([ZONE], 'web2', reseller('bob'));
    expect(others).toMatchObject({ error: { code: 'zone_not_yours' } });
    const [copy] = await ns.cluster.zones.handOver([ZONE], 'web2', ROOT);
    expect(copy).toMatchObject({ error: { code: 'zone_not_here' } });
    const [unknown] = await web1.cluster.zones.handOver([zoneName('none.example')], 'web2', ROOT);
    expect(unknown).toMatchObject({ error: { code: 'zone_unknown' } });
    expect([await textAt(ns), here(ns)?.home?.epoch]).toEqual([await textAt(web1), 0]);
  });
});

describe('many zones of a server', () => {
  test('are taken over at once, after a plan; the others stay', async () => {
    const [one, two, own] = ['one.example', 'two.example', 'own.example'].map((name) => zoneName(name)) as [
      ...[ZoneName, ZoneName, ZoneName],
    ];
    await web1.cluster.saveZone(one, zoneText(5), ROOT);
    await ns.cluster.settings.change({ conflictPolicy: 'newest' }, ROOT);
    await web2.cluster.saveZone(two, zoneText(6), ROOT);
    await web1.cluster.saveZone(two, zoneText(7, '192.0.2.1'), ROOT);
    await web2.cluster.saveZone(two, zoneText(6, '192.0.2.9'), ROOT);
    await ns.cluster.saveZone(own, zoneText(7), ROOT);
    await web2.cluster.members.setRole(web2.row(ns).id, 'sync', ROOT);
    const { synchronize, zones } = web2.cluster;
    await synchronize.run({ direction: 'local', unconfigured: true, plan: false }, ROOT);
    await vi.waitFor(() => expect(zones.ofServer('WEB1', ROOT)).toEqual([one, ZONE, two]));
    expect(zones.ofServer('web1', reseller('bob'))).toEqual([]);
    const outcomes = await zones.takeOverMany([one, ZONE, two], ROOT);
    expect(outcomes).toMatchObject(
      [one, ZONE, two].map((zone) => ({ zone, result: { members: [{ state: 'served' }] } })),
    );
    expect(zones.ofServer('web1', ROOT)).toEqual([]);
    const homes = [one, ZONE, two, own].map((name) => ns.cluster.zones.get(name, ROOT)?.home?.server);
    expect(homes).toEqual(['web2', 'web2', 'web2', 'ns']);
  });

  test('go back and forth, by handing and by taking over, and the last one has them', async () => {
    await web2.cluster.saveZone(ZONE, zoneText(20, '192.0.2.2'), ROOT);
    await web2.cluster.zones.takeOver(ZONE, ROOT);
    expect(await textAt(ns)).toContain('192.0.2.2');
    await web1.cluster.zones.takeOver(ZONE, ROOT);
    expect(await textAt(ns)).toContain('192.0.2.1');
    await web1.cluster.zones.handOver([ZONE], 'web2', ROOT);
    await web2.cluster.saveZone(ZONE, zoneText(21, '192.0.2.22'), ROOT);
    await hasArrived();
    await web1.cluster.zones.takeOver(ZONE, ROOT);
    expect(await textAt(ns)).toContain('192.0.2.1');
    const { members } = await web1.cluster.saveZone(ZONE, zoneText(99, '192.0.2.3'), ROOT);
    expect(members).toMatchObject([{ state: 'served' }]);
    expect(await textAt(ns)).toContain('192.0.2.3');
  });
});

describe('a zone that is removed on its server alone', () => {
  test('is served all the time, and belongs to the next server that sends it', async () => {
    await web2.cluster.saveZone(ZONE, zoneText(20, '192.0.2.2'), ROOT);
    prober = probe();
    const removed = await web1.cluster.removeZone(ZONE, ROOT, { keepAtMembers: true });
    expect(removed).toMatchObject({ isKept: true, members: [{ state: 'kept' }] });
    await hasArrived();
    expect(await prober.stop()).toBe(0);
    expect(here(ns)?.home).toMatchObject({ server: 'web2' });
    expect((await web1.cluster.drift.check(undefined, ROOT))[0]).toMatchObject({ found: 0 });
    await web2.cluster.removeZone(ZONE, ROOT);
    expect(await ns.served(ZONE)).toBeUndefined();
  });

  test('is let go at a member that was down, and is its old server’s again where that one makes it anew', async () => {
    await ns.stop();
    await web1.cluster.removeZone(ZONE, ROOT, { keepAtMembers: true, wait: 'local' });
    await web1.stop();
    await web1.start();
    await ns.start();
    await web1.cluster.members.test(web1.row(ns).id, ROOT);
    await vi.waitFor(() => expect(here(ns)?.home?.mark).toBe('free'), 20_000);
    expect(await ns.served(ZONE)).toBe(50);
    const { members } = await web1.cluster.addZone(ZONE, zoneText(60, '192.0.2.6'), ROOT);
    expect(members).toMatchObject([{ state: 'served' }]);
    expect(here(ns)?.home).toMatchObject({ server: 'web1' });
    expect(here(ns)?.home?.mark).toBeUndefined();
  });
});
