import { readdirSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { AppendTable } from '../../../src/state/append-table.js';
import { zoneName } from '../../../src/zones/zone-name.js';
import { ClusterNode } from '../cluster-node.js';
import { reseller, ROOT, zoneNames, zoneText } from '../zone-texts.js';

const name = zoneName('a.example');
let web: ClusterNode;
let ns1: ClusterNode;
let ns2: ClusterNode;

beforeEach(async () => {
  [web, ns1, ns2] = await Promise.all(
    ['web', 'ns1', 'ns2'].map((host) => ClusterNode.start(host)) as [
      Promise<ClusterNode>,
      Promise<ClusterNode>,
      Promise<ClusterNode>,
    ],
  );
});
afterEach(() => Promise.all([web, ns1, ns2].map((node) => node.end())));

function save(
  zone = name,
  text = zoneText(5),
  by = ROOT,
  options = {},
): ReturnType<ClusterNode['cluster']['saveZone']> {
  return web.cluster.saveZone(zone, text, by, options);
}

/** Takes a push and says nothing. */
function neverAnswers(call: string, request: IncomingMessage): boolean {
  if (call === 'synczones_local') request.resume();
  return call === 'synczones_local';
}

/** Waits until the member holds what the web server holds, and serves it. */
async function inStep(member: ClusterNode): Promise<void> {
  await vi.waitFor(() => expect(member.holdings()).toEqual(web.holdings()), 10_000);
  await vi.waitFor(() => expect(web.row(member)).toMatchObject({ pending: 0, state: 'online' }), 10_000);
}

describe('a change', () => {
  test('is served by all members when the save resolves', async () => {
    await web.add(ns1);
    await web.add(ns2);
    const { members } = await save();
    expect(members).toMatchObject([
      { hostname: 'ns1', state: 'served', serial: 5 },
      { hostname: 'ns2', state: 'served', serial: 5 },
    ]);
    expect(await ns1.served(name)).toBe(5);
    expect(await ns2.served(name)).toBe(5);
  });

  test('of many zones, edited many times, ends the same everywhere', async () => {
    await web.add(ns1);
    const names = zoneNames(60);
    for (let round = 1; round <= 5; round++) {
      await Promise.all(names.map((zone) => save(zone, zoneText(round, `192.0.2.${round}`), ROOT, { wait: 'local' })));
    }
    await inStep(ns1);
    for (const zone of names) expect(await ns1.served(zone)).toBe(5);
    expect(Object.keys(ns1.holdings())).toHaveLength(60);
  });

  test('that is removed is dropped by the members that had it, and said so', async () => {
    await web.add(ns1);
    await save();
    await web.add(ns2, 'standalone');
    const { change, members } = await web.cluster.removeZone(name, ROOT);
    expect(change).toBe('removed');
    expect(members).toMatchObject([{ hostname: 'ns1', state: 'removed' }]);
    expect(await ns1.served(name)).toBeUndefined();
    expect(ns1.holdings()).toEqual({});
  });

  test('is not waited for longer than asked, and the member is then pending', async () => {
    await web.add(ns1);
    const held: (() => void)[] = [];
    ns1.intercept = (call, request) => {
      held.push(() => request.socket.destroy());
      return neverAnswers(call, request);
    };
    const start = performance.now();
    const { members } = await save(name, zoneText(5), ROOT, { timeout: 300 });
    expect(performance.now() - start).toBeLessThan(2_000);
    expect(members).toMatchObject([{ state: 'pending' }]);
    const local = await save(zoneName('b.example'), zoneText(5), ROOT, { wait: 'local', timeout: 10_000 });
    expect(local.members).toMatchObject([{ state: 'pending' }]);
    ns1.intercept = () => false;
    for (const release of held) release();
    await inStep(ns1);
  });

  test('does not wait for a member that is known to be down', async () => {
    await web.add(ns1);
    await ns1.stop();
    await save(name, zoneText(5), ROOT, { timeout: 5_000 });
    await vi.waitFor(() => expect(web.row(ns1).state).toBe('failing'));
    const start = performance.now();
    const { members } = await save(name, zoneText(6), ROOT, { timeout: 10_000 });
    expect(performance.now() - start).toBeLessThan(2_000);
    expect(members).toMatchObject([
      { state: 'pending', reason: expect.stringContaining('cannot be reached') as string },
    ]);
  });

  test('ends its wait when this server stops', async () => {
    await web.add(ns1);
    ns1.intercept = neverAnswers;
    const saving = save(name, zoneText(5), ROOT, { timeout: 60_000 });
    await vi.waitFor(() => expect(ns1.calls).toContain('synczones_local'));
    const start = performance.now();
    await web.stop();
    await saving;
    expect(performance.now() - start).toBeLessThan(3_000);
  });
});

describe('a member that was down', () => {
  test('gets all that changed, and nothing else, as soon as it is back', async () => {
    await web.add(ns1);
    const names = zoneNames(30);
    await Promise.all(names.map((zone) => save(zone)));
    await ns1.stop();
    const [first = name, second = name] = names;
    await save(first, zoneText(6));
    await save(first, zoneText(7));
    await web.cluster.removeZone(second, ROOT);
    await save(name);
    expect(web.row(ns1)).toMatchObject({ pending: 3, zones: 30 });
    expect(web.row(ns1).pendingSince).toBeDefined();
    await ns1.start();
    await inStep(ns1);
    expect(await ns1.served(first)).toBe(7);
    expect(await ns1.served(second)).toBeUndefined();
  });

  test('gets it also where this server was restarted meanwhile', async () => {
    await web.add(ns1);
    await save();
    await ns1.stop();
    await save(name, zoneText(6));
    await web.stop();
    await web.start();
    await ns1.start();
    await inStep(ns1);
    expect(await ns1.served(name)).toBe(6);
  });

  test('is not asked more often because much is changed', async () => {
    await web.add(ns1);
    let probes = 0;
    ns1.intercept = (call, _request, response) => {
      if (call.startsWith('/json-api/version')) probes++;
      response.writeHead(503).end();
      return true;
    };
    const start = performance.now();
    for (const zone of zoneNames(40)) await save(zone, zoneText(5), ROOT, { wait: 'local' });
    await vi.waitFor(() => expect(probes).toBeGreaterThan(0));
    expect(probes).toBeLessThan(3 + (performance.now() - start) / 200);
    ns1.intercept = () => false;
    await inStep(ns1);
  });
});

describe('a member that refuses one zone', () => {
  test('gets the others, and why it refuses is shown; when the zone changes it is tried again', async () => {
    await web.add(ns1);
    await ns1.cluster.saveZone(name, zoneText(3), reseller('else'));
    const as = reseller('web');
    await web.cluster.members.remove(web.row(ns1).id, ROOT);
    await web.add(ns1, 'write-only', ROOT, as);
    const names = zoneNames(20);
    const results = await Promise.all([name, ...names].map((zone) => save(zone, zoneText(5, '192.0.2.9'))));
    const [refused, ...taken] = results.map(({ members }) => members[0]);
    expect(refused).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('belongs to another account') as string,
    });
    expect(taken.every((member) => member?.state === 'served')).toBe(true);
    expect(web.row(ns1)).toMatchObject({ pending: 1, zonesInSync: 20, state: 'online' });
    await ns1.cluster.removeZone(name, ROOT);
    const again = await save(name, zoneText(6, '192.0.2.10'));
    expect(again.members).toMatchObject([{ state: 'served' }]);
  });

  test('by failing at the whole call gets the others past it', async () => {
    await web.add(ns1);
    const names = zoneNames(20);
    const poison = names[7] ?? name;
    const saveZones = ns1.cluster.zones.saveMany.bind(ns1.cluster.zones);
    vi.spyOn(ns1.cluster.zones, 'saveMany').mockImplementation((zones, ...rest) => {
      const breaks = zones.some((zone) => zone.name === poison);
      return breaks ? Promise.reject(new Error('It breaks at this zone.')) : saveZones(zones, ...rest);
    });
    await Promise.all(names.map((zone) => save(zone, zoneText(5), ROOT, { wait: 'local' })));
    const refused = { state: 'failed', reason: expect.stringContaining('500') as string };
    await vi.waitFor(() => {
      expect(web.row(ns1)).toMatchObject({ pending: 1, zonesInSync: 19, state: 'online' });
      expect(web.cluster.zoneStates(poison, ROOT)).toMatchObject([refused]);
    }, 15_000);
  }, 30_000);
});

describe('the failure threshold', () => {
  test('disables a member that fails; enabling it catches up by itself', async () => {
    await web.cluster.settings.change({ failureThreshold: 1 }, ROOT);
    await web.add(ns1);
    const { id } = web.row(ns1);
    await save();
    await ns1.stop();
    await save(name, zoneText(6));
    await vi.waitFor(() => expect(web.row(ns1).state).toBe('disabled'));
    await ns1.start();
    const { members } = await save(name, zoneText(7));
    expect(members).toMatchObject([
      { state: 'disabled', reason: expect.stringContaining('cannot be reached') as string },
    ]);
    await web.stop();
    await web.start();
    expect(web.row(ns1).state).toBe('disabled');
    expect(await ns1.served(name)).toBe(5);
    await web.cluster.members.enable(id, ROOT);
    await inStep(ns1);
    expect(await ns1.served(name)).toBe(7);
    await web.stop();
    await web.start();
    expect(web.row(ns1).state).toBe('online');
  });

  test('counts no call that the stop of this server cut off', async () => {
    await web.cluster.settings.change({ failureThreshold: 1 }, ROOT);
    await web.add(ns1);
    ns1.intercept = neverAnswers;
    await save(name, zoneText(5), ROOT, { wait: 'local' });
    await vi.waitFor(() => expect(ns1.calls).toContain('synczones_local'));
    await web.stop();
    ns1.intercept = () => false;
    await web.start();
    await inStep(ns1);
    expect(await ns1.served(name)).toBe(5);
  });

  test('a member that an administrator disabled gets nothing, stays so over a restart, and loses nothing', async () => {
    await web.add(ns1);
    await web.cluster.members.disable(web.row(ns1).id, ROOT);
    await web.stop();
    await web.start();
    ns1.calls.length = 0;
    const { members } = await save();
    expect(members).toMatchObject([{ state: 'disabled', reason: 'Disabled by root.' }]);
    expect(ns1.calls).toEqual([]);
    await web.cluster.members.enable(web.row(ns1).id, ROOT);
    await inStep(ns1);
  });
});

describe('what is sent', () => {
  test('is everything to a new member, and to one that becomes write-only', async () => {
    await Promise.all(zoneNames(10).map((zone) => save(zone)));
    await web.add(ns1);
    await inStep(ns1);
    await web.add(ns2, 'standalone');
    expect(web.row(ns2)).toMatchObject({ zones: 0, pending: 0 });
    expect(ns2.holdings()).toEqual({});
    await web.cluster.members.setRole(web.row(ns2).id, 'write-only', ROOT);
    await inStep(ns2);
  });

  test('waits while clustering is off, and goes when it is on', async () => {
    await web.add(ns1);
    await web.cluster.settings.setClustering(false, ROOT);
    ns1.calls.length = 0;
    const { members } = await save();
    expect(members).toEqual([]);
    expect(ns1.calls).toEqual([]);
    await web.cluster.settings.setClustering(true, ROOT);
    await inStep(ns1);
  });

  test('is everything once more where the ledger was lost, and nothing is removed', async () => {
    await web.add(ns1);
    await Promise.all(zoneNames(5).map((zone) => save(zone)));
    await save();
    await ns1.cluster.saveZone(zoneName('of-its-own.example'), zoneText(1), ROOT);
    await web.cluster.members.setRole(web.row(ns1).id, 'standalone', ROOT);
    await web.cluster.removeZone(name, ROOT);
    await web.stop();
    rmSync(join(web.folder, 'data', 'ledgers'), { recursive: true });
    await web.start();
    ns1.calls.length = 0;
    await web.cluster.members.setRole(web.row(ns1).id, 'write-only', ROOT);
    await vi.waitFor(() => expect(web.row(ns1)).toMatchObject({ pending: 0, zonesInSync: 5 }));
    expect(ns1.calls.filter((call) => call.startsWith('remove'))).toEqual([]);
    // The removal is not known to concern this member any more: only what our ledger says we put there is removed.
    expect(Object.keys(ns1.holdings()).sort()).toEqual([name, 'of-its-own.example', ...zoneNames(5)].sort());
  });

  test('is no removal of a zone whose file and index were lost here', async () => {
    await web.add(ns1);
    await save();
    await web.stop();
    for (const entry of readdirSync(join(web.folder, 'data'))) {
      if (/^(zones|index(\.bak)?|journal\.\d+)$/.test(entry))
        rmSync(join(web.folder, 'data', entry), { recursive: true });
    }
    await web.start();
    expect(web.holdings()).toEqual({});
    await save(zoneName('b.example'));
    expect(await ns1.served(name)).toBe(5);
  });

  test('is raised above what the member serves, and heals it', async () => {
    // By one that does not say whose it is, as the original's web servers.
    await ns1.cluster.saveZone(name, zoneText(100, '192.0.2.100'), ROOT, { sender: { hostsSeen: [] } });
    await web.add(ns1);
    await save(name, zoneText(5));
    await inStep(ns1);
    const [row] = web.cluster.listZones(ROOT);
    expect(row?.serial).toBeGreaterThan(100);
    await vi.waitFor(async () => expect(await ns1.served(name)).toBe(row?.serial));
    expect((await ns1.cluster.zones.text(name, ROOT)).toString()).toContain('192.0.2.1\n');
    const [raised] = await web.cluster.zones.history(name, ROOT);
    // What it answers is one above what it had: it lifted our copy over its own first.
    expect(raised).toMatchObject({ user: 'root', via: 'this server: above serial 101, because of ns1', serial: 5 });
  });

  test('is seen to be served after a restart, where the look was still due', async () => {
    await web.add(ns1);
    ns1.nameserver.down = true;
    await save(name, zoneText(5), ROOT, { timeout: 300 });
    await web.stop();
    ns1.nameserver.down = false;
    await vi.waitFor(async () => expect(await ns1.served(name)).toBe(5), 5_000);
    await web.start();
    await vi.waitFor(() => expect(web.cluster.zoneStates(name, ROOT)).toMatchObject([{ state: 'served' }]), 5_000);
  });

  test('cannot be known to be missing at a member that lost its disk: shown as acknowledged until it changes', async () => {
    await web.add(ns1);
    await save();
    await ns1.stop();
    rmSync(join(ns1.folder, 'data', 'zones'), { recursive: true });
    rmSync(join(ns1.folder, 'data', 'index'));
    await ns1.start();
    expect(await ns1.served(name)).toBeUndefined();
    await save(name, zoneText(6));
    expect(await ns1.served(name)).toBe(6);
  });
});

describe('a reseller', () => {
  const [ann, bob] = [reseller('ann'), reseller('bob')];
  const [hers, his] = [zoneName('ann.example'), zoneName('bob.example')];

  test('reaches nothing inside by naming it as a member, but where root lets', async () => {
    const internal = { code: 'member_address_internal', message: expect.stringContaining('127.0.0.1') as string };
    const before = ns1.calls.length;
    await expect(web.add(ns1, 'write-only', ann)).rejects.toMatchObject(internal);
    const { host, port } = await ns1.invitation('write-only', ann);
    await expect(web.cluster.members.lookAt(host, port, ann)).rejects.toMatchObject(internal);
    await expect(web.cluster.members.lookAt('localhost', port, ann)).rejects.toMatchObject({ code: internal.code });
    expect(ns1.calls.length).toBe(before);
    await web.cluster.settings.change({ resellerNetworks: ['127.0.0.1'] }, ROOT);
    await web.add(ns1, 'write-only', ann);
    const [served] = (await save(hers, zoneText(5), ann)).members;
    expect(served).toMatchObject({ hostname: 'ns1', state: 'served' });
    await web.cluster.settings.change({ resellerNetworks: [] }, ROOT);
    // Connections that were made before live on.
    await web.stop();
    await web.start();
    const calls = ns1.calls.length;
    const { members } = await save(hers, zoneText(6), ann);
    expect(members).toMatchObject([{ hostname: 'ns1', reason: expect.stringContaining('127.0.0.1') as string }]);
    expect(ns1.calls.length).toBe(calls);
  });

  test('has members of their own, which get their zones only, and sees none of the others', async () => {
    await web.cluster.settings.change({ resellerNetworks: ['127.0.0.0/8'] }, ROOT);
    await web.add(ns1);
    await web.add(ns2, 'write-only', ann);
    expect(web.cluster.members.list(ann).map(({ hostname }) => hostname)).toEqual(['ns2']);
    expect(web.cluster.members.list(bob)).toEqual([]);
    await save();
    const answer = await save(hers, zoneText(5), ann);
    expect(answer.members.map(({ hostname }) => hostname)).toEqual(['ns2']);
    await save(his, zoneText(5), bob);
    await inStep(ns1);
    expect(Object.keys(ns2.holdings())).toEqual([hers]);
    expect(web.row(ns2, ann)).toMatchObject({ zones: 1, pending: 0 });
    const removal = await web.cluster.removeZone(hers, ann);
    expect(removal.members).toMatchObject([{ hostname: 'ns2', state: 'removed' }]);
    expect(ns2.holdings()).toEqual({});
  });

  test('neither sees nor changes zones and members of others', async () => {
    await save();
    await save(his, zoneText(5), bob);
    await save(hers, zoneText(5), ann);
    expect(web.cluster.listZones(ann).map((row) => row.name)).toEqual([hers]);
    for (const foreign of [name, his]) {
      expect(web.cluster.zones.get(foreign, ann)).toBeUndefined();
      await expect(web.cluster.zones.text(foreign, ann)).rejects.toMatchObject({ code: 'zone_unknown' });
      await expect(save(foreign, zoneText(6), ann)).rejects.toMatchObject({ code: 'zone_not_yours' });
      await expect(web.cluster.removeZone(foreign, ann)).rejects.toMatchObject({ code: 'zone_not_yours' });
      expect(web.cluster.zoneStates(foreign, ann)).toEqual([]);
    }
    const [batch] = await web.cluster.zones.saveMany([{ name: his, text: zoneText(9) }], ann);
    expect(batch).toMatchObject({ error: { code: 'zone_not_yours' } });
    await web.add(ns1);
    const { id } = web.row(ns1);
    const tries = [
      web.cluster.members.setRole(id, 'standalone', ann),
      web.cluster.members.disable(id, ann),
      web.cluster.members.enable(id, ann),
      web.cluster.members.remove(id, ann),
    ];
    for (const one of tries) await expect(one).rejects.toMatchObject({ code: 'member_unknown' });
    await expect(web.cluster.settings.setClustering(false, ann)).rejects.toMatchObject({ code: 'privilege_missing' });
    await expect(web.cluster.settings.change({ failureThreshold: 1 }, ann)).rejects.toMatchObject({
      code: 'privilege_missing',
    });
    expect((await web.cluster.status(ann)).zones).toBe(1);
  });
});

describe('the member table', () => {
  test('takes no member twice, also where both come at once, and keeps one ledger for each', async () => {
    const invitation = await ns1.invitation('write-only', ROOT);
    const tries = await Promise.allSettled([1, 2, 3].map(() => web.cluster.members.add(invitation, ROOT)));
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(web.cluster.members.list(ROOT)).toHaveLength(1);
    await web.cluster.members.remove(web.row(ns1).id, ROOT);
    expect(readdirSync(join(web.folder, 'data', 'ledgers'))).toEqual([]);
    await web.add(ns1);
    await save();
    expect(await ns1.served(name)).toBe(5);
  });

  test('forgets a member without taking anything from it', async () => {
    await web.add(ns1);
    await save();
    await web.cluster.members.remove(web.row(ns1).id, ROOT);
    expect(await ns1.served(name)).toBe(5);
    expect((await save(name, zoneText(6))).members).toEqual([]);
  });
});

describe('a batch', () => {
  test('has an outcome for each zone in their order, and a poison zone stops none of the others', async () => {
    await web.add(ns1);
    const zones = zoneNames(100).map((zone, i) => ({
      name: zone,
      text: i === 50 ? Buffer.from('@ SOA nonsense') : zoneText(5),
    }));
    const outcomes = await web.cluster.zones.saveMany(zones, ROOT);
    expect(outcomes.map(({ zone }) => zone)).toEqual(zones.map((zone) => zone.name));
    const failed = outcomes.filter((outcome) => 'error' in outcome);
    expect(failed).toMatchObject([{ zone: 'zone-50.example', error: { code: 'zone_invalid' } }]);
    await inStep(ns1);
    expect(Object.keys(ns1.holdings())).toHaveLength(99);
    const removed = await web.cluster.zones.removeMany([...zoneNames(2), zoneName('never.example')], ROOT);
    expect(removed.map((outcome) => ('error' in outcome ? outcome.error.code : outcome.result.change))).toEqual([
      'removed',
      'removed',
      'zone_unknown',
    ]);
  });
});

test('removals by who may change nothing are refused as a whole, before anything is written for them', async () => {
  await web.add(ns1);
  await web.cluster.saveZone(name, zoneText(1), ROOT);
  const flushed = vi.spyOn(AppendTable.prototype, 'flushKey');
  await expect(web.cluster.zones.removeMany([name], { ...ROOT, privileges: [] })).rejects.toMatchObject({
    code: 'privilege_missing',
  });
  expect(flushed).not.toHaveBeenCalledWith(name);
  flushed.mockRestore();
  expect(web.cluster.zones.get(name, ROOT)?.serial).toBe(1);
});

test('a removal of a zone that is not theirs is refused before anything is written for it, alone and among others', async () => {
  await web.add(ns1);
  await web.cluster.saveZone(name, zoneText(1), ROOT);
  await inStep(ns1);
  const other = reseller('other');
  const theirs = zoneName('theirs.example');
  await web.cluster.saveZone(theirs, zoneText(1), other);
  const flushed = vi.spyOn(AppendTable.prototype, 'flushKey');
  await expect(web.cluster.zones.remove(name, other)).rejects.toMatchObject({ code: 'zone_not_yours' });
  const outcomes = await web.cluster.zones.removeMany([name, theirs], other);
  expect(outcomes).toMatchObject([{ error: { code: 'zone_not_yours' } }, { result: { change: 'removed' } }]);
  expect(flushed).toHaveBeenCalledWith(theirs);
  expect(flushed).not.toHaveBeenCalledWith(name);
  flushed.mockRestore();
});

test('a host that gives a string for the text is told what is wanted, and nothing is changed', async () => {
  const asked = web.cluster.saveZone(name, zoneText(1).toString() as unknown as Buffer, ROOT);
  await expect(asked).rejects.toThrow(/text must be a Buffer/);
  expect(web.cluster.listZones(ROOT)).toEqual([]);
});
