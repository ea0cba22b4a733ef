import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { isNewer } from '../../../src/cluster/changes/copy.js';
import { Synchronize } from '../../../src/cluster/changes/synchronize.js';
import { validateZone } from '../../../src/zones/validation.js';
import { encodeBundle } from '../../../src/wire-format/zone-bundle.js';
import { zoneName } from '../../../src/zones/zone-name.js';
import { Audit } from '../../../src/cluster/model/audit.js';
import { ClusterNode, NO_AUDIT } from '../cluster-node.js';
import { reseller, ROOT, zoneNames, zoneText } from '../zone-texts.js';

const NAME = zoneName('a.example');
const ALL = { direction: 'local', unconfigured: false, plan: false } as const;

let web: ClusterNode;
let ns1: ClusterNode;
let ns2: ClusterNode;
beforeEach(async () => {
  const [first, second, third] = await Promise.all(['web', 'ns1', 'ns2'].map((host) => ClusterNode.start(host)));
  if (first === undefined || second === undefined || third === undefined) throw new Error('three nodes were expected');
  [web, ns1, ns2] = [first, second, third];
});
afterEach(() => Promise.all([web, ns1, ns2].map((node) => node.end())));

describe('a new domain', () => {
  test.each(['standalone', 'sync'] as const)(
    'that a member of role %s has is refused, naming the member',
    async (role) => {
      await web.add(ns1, role);
      await ns1.cluster.saveZone(NAME, zoneText(1), ROOT);
      await expect(web.cluster.addZone(NAME, zoneText(5), ROOT)).rejects.toMatchObject({
        code: 'zone_exists',
        message: expect.stringContaining('already exists on ns1') as string,
      });
      await expect(web.cluster.createZone(NAME, 'standard', { ip: '192.0.2.1' }, ROOT)).rejects.toMatchObject({
        code: 'zone_exists',
      });
      expect(web.cluster.zones.get(NAME, ROOT)).toBeUndefined();
      expect(ns1.cluster.zones.get(NAME, ROOT)?.serial).toBe(1);
    },
  );

  test('is never asked for at a member that is only written to', async () => {
    await web.add(ns1, 'write-only');
    await ns1.cluster.saveZone(NAME, zoneText(1), ROOT);
    await web.cluster.addZone(NAME, zoneText(5), ROOT);
    expect(ns1.calls).not.toContain('zoneexists_local');
  });

  test('is made while a member is down, with a warning that it could not be asked', async () => {
    await web.add(ns1, 'sync');
    await ns1.stop();
    const { change, warnings } = await web.cluster.addZone(NAME, zoneText(5), ROOT);
    expect([change, warnings]).toEqual(['created', ['ns1 could not be asked whether it has a.example already.']]);
  });

  test('is made again at once after its removal, though a member that is down still has it from us', async () => {
    await web.add(ns1, 'sync');
    await web.cluster.saveZone(NAME, zoneText(5), ROOT);
    ns1.intercept = (call, request) => {
      if (call === 'removezones_local') request.socket.destroy();
      return call === 'removezones_local';
    };
    await web.cluster.removeZone(NAME, ROOT, { wait: 'local' });
    expect((await web.cluster.addZone(NAME, zoneText(1), ROOT, { wait: 'local' })).serial).toBe(6);
  });

  test('names a member only to those who may see it', async () => {
    await web.add(ns1, 'sync');
    await ns1.cluster.saveZone(NAME, zoneText(1), ROOT);
    await expect(web.cluster.addZone(NAME, zoneText(5), reseller('ann'))).rejects.toThrow(
      'another server of the cluster',
    );
  });
});

describe('a zone below or above one of another account', () => {
  const ann = reseller('ann');
  const bob = reseller('bob');
  const add = (zone: string, by = ann): Promise<unknown> => web.cluster.addZone(zoneName(zone), zoneText(1), by);

  test('is refused, by each way in, to all but root', async () => {
    await add('in.shop.example', bob);
    for (const zone of ['www.in.shop.example', 'a.b.in.shop.example', 'shop.example']) {
      await expect(add(zone)).rejects.toMatchObject({ code: 'zone_shadows' });
      await expect(web.cluster.saveZone(zoneName(zone), zoneText(1), ann)).rejects.toThrow('in.shop.example');
      const [saved] = await web.cluster.zones.saveMany([{ name: zoneName(zone), text: zoneText(1) }], ann);
      expect(saved).toMatchObject({ error: { code: 'zone_shadows' } });
    }
    await add('www.in.shop.example', ROOT);
    await add('shop.example', ROOT);
  });

  test('is no matter among zones of one account, nor with names that only end alike', async () => {
    await add('shop.example', bob);
    await add('sub.shop.example', bob);
    await add('myshop.example');
    await add('deep.sub.shop.example', bob);
    expect(web.cluster.listZones(ann)).toHaveLength(1);
  });
});

describe('the list of zones', () => {
  test('tells also of zones that members have who are read from, and of no others', async () => {
    await web.add(ns1, 'sync');
    await web.add(ns2, 'write-only');
    await web.cluster.saveZone(NAME, zoneText(5), ROOT);
    await ns1.cluster.saveZone(zoneName('there.example'), zoneText(5), ROOT);
    await ns2.cluster.saveZone(zoneName('hidden.example'), zoneText(5), ROOT);
    expect(await web.cluster.synchronize.elsewhere(ROOT)).toEqual([{ zone: 'there.example', member: 'ns1' }]);
    expect(await web.cluster.synchronize.elsewhere(reseller('ann'))).toEqual([]);
    await ns1.stop();
    expect(await web.cluster.synchronize.elsewhere(ROOT)).toEqual([]);
  });
});

describe('the newest copy', () => {
  const copy = (serial: number, head: string): Parameters<typeof isNewer>[0] => {
    const text = Buffer.concat([Buffer.from(`${head}\n`), zoneText(serial, `192.0.2.${head.length % 200}`)]);
    return { ...validateZone(NAME, text), text: () => text };
  };
  const stamp = (time: number): string =>
    `; cPanel first:110.0.5 (update_time):${time} Cpanel::ZoneFile::VERSION:1.3 hostname:web latest:110.0.5`;

  test.each([
    ['a later serial', copy(6, ';'), copy(5, '; long'), true],
    ['an earlier serial with a later time', copy(5, stamp(9_999)), copy(6, ';'), false],
    ['a serial that wrapped', copy(3, ';'), copy(4_294_967_290, '; long'), true],
    ['a later time with the same serial', copy(5, stamp(16_000)), copy(5, stamp(1_500)), true],
    ['the same serial with no times: what is here stays', copy(5, ';'), copy(5, '; long'), false],
  ])('is the one with %s', (_what, found, held, newer) => {
    expect(isNewer(found, held)).toBe(newer);
  });

  test('is fetched from the members that are read from, and then sent to those that are written to', async () => {
    await web.add(ns1, 'standalone');
    await web.add(ns2, 'sync');
    const names = zoneNames(30);
    await web.cluster.zones.saveMany(
      names.map((name) => ({ name, text: zoneText(5) })),
      ROOT,
    );
    for (const [i, name] of names.entries()) {
      await ns1.cluster.saveZone(name, zoneText(i < 10 ? 9 : 4, '192.0.2.77'), ROOT);
    }
    await ns1.cluster.saveZone(NAME, zoneText(1), ROOT);
    const plan = await web.cluster.synchronize.run({ ...ALL, plan: true }, ROOT);
    expect(plan.newer).toHaveLength(10);
    expect(plan.newer[0]).toEqual({ zone: names[0], member: 'ns1', serial: 9, here: 5 });
    expect(web.cluster.zones.get(names[0] ?? NAME, ROOT)?.serial).toBe(5);

    const { taken } = await web.cluster.synchronize.run({ ...ALL, direction: 'all' }, ROOT);
    expect(taken).toHaveLength(10);
    await vi.waitFor(() => expect(ns2.holdings()).toEqual(web.holdings()));
    expect(web.cluster.zones.get(NAME, ROOT)).toBeUndefined();
    expect((await web.cluster.zones.text(names[0] ?? NAME, ROOT)).toString()).toContain('192.0.2.77');
    await web.cluster.synchronize.run({ ...ALL, unconfigured: true }, ROOT);
    expect(web.cluster.zones.get(NAME, ROOT)?.serial).toBe(1);
  });

  test('at a member of the role sync is what a zone that is opened here shows, and is taken; one that hangs delays nobody long', async () => {
    await web.add(ns1, 'sync');
    await web.cluster.saveZone(NAME, zoneText(5), ROOT);
    expect((await web.cluster.zones.newestText(NAME, ROOT)).toString()).toContain(' 5 1 1');
    await ns1.cluster.saveZone(NAME, zoneText(6, '192.0.2.66'), ROOT);
    expect((await web.cluster.zones.newestText(NAME, ROOT)).toString()).toContain('192.0.2.66');
    expect(web.cluster.zones.get(NAME, ROOT)?.serial).toBe(6);
    ns1.intercept = (call, request) => {
      if (call === 'getzones_local') request.resume();
      return call === 'getzones_local';
    };
    const start = performance.now();
    expect((await web.cluster.zones.newestText(NAME, ROOT)).toString()).toContain('192.0.2.66');
    expect(performance.now() - start).toBeLessThan(8_000);
  });

  test('at a standalone member is not taken by itself', async () => {
    await web.add(ns1, 'standalone');
    await web.cluster.saveZone(NAME, zoneText(5), ROOT);
    await ns1.cluster.saveZone(NAME, zoneText(9), ROOT);
    expect((await web.cluster.zones.newestText(NAME, ROOT)).toString()).toContain(' 5 1 1');
  });

  test('of a zone that was removed here is not brought back', async () => {
    await web.add(ns1, 'standalone');
    await ns1.cluster.saveZone(NAME, zoneText(9), ROOT);
    await web.cluster.saveZone(NAME, zoneText(5), ROOT);
    await web.cluster.removeZone(NAME, ROOT);
    expect((await web.cluster.synchronize.run({ ...ALL, unconfigured: true }, ROOT)).newer).toEqual([]);
  });

  test('of one zone is sent again to a member that lost it, and one that is down stops nothing', async () => {
    await web.add(ns1, 'sync');
    await web.add(ns2, 'sync');
    await web.cluster.saveZone(NAME, zoneText(5), ROOT);
    await ns1.cluster.removeZone(NAME, ROOT, { evenOfOthers: true });
    await ns2.stop();
    const result = await web.cluster.synchronize.run({ ...ALL, direction: 'all', zones: [NAME] }, ROOT);
    expect(result.resent).toBe(2);
    expect(result.unreachable).toMatchObject([
      { member: 'ns2', reason: expect.stringContaining('cannot be reached') as string },
    ]);
    // It begins above what it had when it was removed there; ours follows.
    await vi.waitFor(() => expect(ns1.holdings()).toEqual(web.holdings()));
    expect(ns1.holdings()).toHaveProperty([NAME]);
  });

  test('is fetched by a reseller only for own zones, from own members', async () => {
    const ann = reseller('ann');
    await web.add(ns1, 'standalone');
    await web.cluster.saveZone(NAME, zoneText(5), ROOT);
    await ns1.cluster.saveZone(NAME, zoneText(9), ROOT);
    expect((await web.cluster.synchronize.run({ ...ALL, unconfigured: true }, ann)).newer).toEqual([]);
    await web.cluster.settings.change({ resellerNetworks: ['127.0.0.0/8'] }, ROOT);
    await web.add(ns2, 'standalone', ann, ROOT);
    await ns2.cluster.saveZone(NAME, zoneText(9), ROOT);
    await ns2.cluster.saveZone(zoneName('ann.example'), zoneText(9), ROOT);
    const { newer } = await web.cluster.synchronize.run({ ...ALL, unconfigured: true }, ann);
    expect(newer).toMatchObject([{ zone: 'ann.example', member: 'ns2' }]);
  });
});

describe('a member with more than fits into memory', () => {
  test('gives what one run takes, and the rest with the next runs', async () => {
    await web.add(ns1, 'standalone');
    const names = zoneNames(1_100);
    await ns1.cluster.zones.saveMany(
      names.map((name) => ({ name, text: zoneText(9) })),
      ROOT,
    );
    const { store, workers, changes } = web.cluster['parts'];
    const audit = new Audit(NO_AUDIT);
    const synchronize = new Synchronize({ store, workers, changes, audit, mostHeld: 1_000 });
    const run = { ...ALL, unconfigured: true };
    for (const here of [512, 1_024, 1_100]) {
      const { taken, unreachable } = await synchronize.run(run, ROOT);
      expect(taken.every((one) => !('error' in one))).toBe(true);
      expect(web.cluster.listZones(ROOT)).toHaveLength(here);
      const more = [{ member: 'ns1', reason: expect.stringContaining('Synchronize again') as string }];
      expect(unreachable).toEqual(here === names.length ? [] : more);
    }
  });

  test('of zones that can not be used has the first thousand named', async () => {
    await web.add(ns1, 'standalone');
    ns1.intercept = (call, request, response) => {
      if (call !== 'getzonelist_local' && call !== 'getzones_local') return false;
      request.resume();
      const names = zoneNames(1_500);
      const broken = names.map((name) => ({ name, text: Buffer.from('nothing\n') }));
      response.end(call === 'getzones_local' ? encodeBundle(broken) : names.join('\n'));
      return true;
    };
    const { unreachable } = await web.cluster.synchronize.run({ ...ALL, unconfigured: true }, ROOT);
    expect(unreachable).toHaveLength(1_000);
  });
});

describe('a reseller’s server', () => {
  const ann = reseller('ann');
  const hers = zoneName('ann.example');
  const fresh = zoneName('new.example');
  beforeEach(async () => {
    await web.cluster.settings.change({ resellerNetworks: ['127.0.0.0/8'] }, ROOT);
    await web.add(ns1, 'sync', ann);
  });

  test('with a later copy of another account’s zone changes nothing, whoever opens or synchronizes it', async () => {
    await web.cluster.saveZone(NAME, zoneText(5), ROOT);
    await web.cluster.saveZone(hers, zoneText(5), ann);
    for (const name of [NAME, fresh]) await ns1.cluster.saveZone(name, zoneText(9, '192.0.2.66'), ROOT);
    // It may be asked for one zone and answer with others, too.
    ns1.intercept = (call, request, response) => {
      if (call !== 'getzones_local') return false;
      request.resume();
      response.end(encodeBundle([NAME, hers, fresh].map((name) => ({ name, text: zoneText(9, '192.0.2.66') }))));
      return true;
    };
    expect((await web.cluster.zones.newestText(NAME, ROOT)).toString()).toContain(' 5 1 1');
    for (const zones of [undefined, [NAME, fresh]]) {
      const run = { ...ALL, unconfigured: true, ...(zones && { zones }) };
      const { taken } = await web.cluster.synchronize.run(run, ROOT);
      expect(taken.map(({ zone }) => zone)).toEqual(zones === undefined ? [hers] : []);
    }
    expect(web.cluster.listZones(ROOT).map(({ name, serial }) => [name, serial])).toEqual([
      [NAME, 5],
      [hers, 9],
    ]);
    expect(await web.cluster.synchronize.elsewhere(ROOT)).toEqual([]);
  });

  test('gives the reseller new zones, and the copies that are newer', async () => {
    await web.cluster.saveZone(hers, zoneText(5), ann);
    for (const name of [hers, fresh]) await ns1.cluster.saveZone(name, zoneText(9), ROOT);
    expect(await web.cluster.synchronize.elsewhere(ann)).toEqual([{ zone: fresh, member: 'ns1' }]);
    await web.cluster.synchronize.run({ ...ALL, unconfigured: true }, ann);
    expect(web.cluster.zones.get(hers, ann)?.serial).toBe(9);
    expect(web.cluster.zones.get(fresh, ann)).toMatchObject({ serial: 9, owner: 'ann' });
  });

  test('keeps nobody but the reseller from making a domain that it claims to have', async () => {
    await ns1.cluster.saveZone(fresh, zoneText(9), ROOT);
    await expect(web.cluster.addZone(fresh, zoneText(1), ann)).rejects.toMatchObject({ code: 'zone_exists' });
    expect(await web.cluster.addZone(fresh, zoneText(1), reseller('bob'))).toMatchObject({ change: 'created' });
  });
});
