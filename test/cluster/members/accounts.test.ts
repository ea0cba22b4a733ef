import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { zoneName } from '../../../src/zones/zone-name.js';
import { ClusterNode } from '../cluster-node.js';
import { reseller, ROOT, zoneText } from '../zone-texts.js';

const [ann, bob] = [reseller('ann'), reseller('bob')];
const zone = zoneName('ann.example');

let web: ClusterNode;
let ns1: ClusterNode;
beforeEach(async () => {
  [web, ns1] = await Promise.all([ClusterNode.start('web'), ClusterNode.start('ns1')]);
  await web.cluster.settings.change({ resellerNetworks: ['127.0.0.0/8'] }, ROOT);
});
afterEach(() => Promise.all([web, ns1].map((node) => node.end())));

/** What root sees of the row of this account. */
const rowOf = (owner: string): ReturnType<ClusterNode['row']> | undefined =>
  web.cluster.members.list(ROOT).find((row) => row.owner === owner);

describe('one server in the clusters of two accounts and of root', () => {
  test.each([[[ann, bob, ROOT]], [[ROOT, bob, ann]]])('is added by each of them, in any order', async (order) => {
    for (const by of order) await web.add(ns1, 'write-only', by, by);
    for (const by of [ann, bob]) expect(web.cluster.members.list(by).map(({ owner }) => owner)).toEqual([by.user]);
    expect(web.cluster.members.list(ROOT)).toHaveLength(3);
    for (const by of order)
      await expect(web.add(ns1, 'write-only', by, by)).rejects.toMatchObject({ code: 'member_exists' });
  });

  test('tells nothing of the rows of others, nor is it refused for them where it is edited', async () => {
    const { host, port } = await ns1.invitation('write-only', ann);
    const before = await web.cluster.members.lookAt(host, port, ann);
    await web.add(ns1, 'write-only', ROOT);
    expect(await web.cluster.members.lookAt(host, port, ann)).toEqual(before);
    const mine = await web.add(ns1, 'write-only', ann, ann);
    const { token } = await ns1.invitation('write-only', ann);
    expect(await web.cluster.members.edit(mine.id, { token }, ann)).toMatchObject({ owner: 'ann' });
    expect(rowOf('root')).toMatchObject({ state: 'online' });
  });

  test.each([[[ann, ROOT]], [[ROOT, ann]]])('gets the zones by both rows, whoever added it first', async (order) => {
    for (const by of order) await web.add(ns1, 'write-only', by, by);
    for (const serial of [5, 6]) {
      await web.cluster.saveZone(zone, zoneText(serial), ann);
      await web.cluster.saveZone(zoneName('root.example'), zoneText(serial), ROOT);
      await vi.waitFor(() => {
        for (const owner of ['root', 'ann'])
          expect(rowOf(owner)).toMatchObject({ pending: 0, failures: 0, state: 'online' });
      });
      expect(web.cluster.members.failures(ROOT)).toEqual({ members: [], zones: [] });
      expect(await ns1.served(zone)).toBe(serial);
    }
    expect(rowOf('ann')).toMatchObject({ zones: 1 });
    expect(rowOf('root')).toMatchObject({ zones: 2 });
    await web.cluster.removeZone(zone, ann);
    await vi.waitFor(() => {
      for (const owner of ['root', 'ann']) expect(rowOf(owner)).toMatchObject({ pending: 0, failures: 0 });
    });
    expect(Object.keys(ns1.holdings())).toEqual(['root.example']);
  });

  test('counts failures, and takes a removal of the row, by row', async () => {
    await web.add(ns1, 'write-only', ROOT);
    await web.add(ns1, 'write-only', ann, ann);
    const [name = ''] = ns1.tokens.list('ann').map((token) => token.name);
    await ns1.tokens.revoke('ann', name);
    await web.cluster.saveZone(zone, zoneText(5), ann);
    await vi.waitFor(() => expect(rowOf('ann')?.failures).toBeGreaterThan(0));
    expect(rowOf('root')).toMatchObject({ failures: 0, state: 'online' });
    await web.cluster.members.remove(rowOf('ann')?.id ?? '', ann);
    await web.cluster.saveZone(zone, zoneText(6), ann);
    await vi.waitFor(async () => expect(await ns1.served(zone)).toBe(6));
  });

  test('asks root for trust without touching the row of an account', async () => {
    await web.add(ns1, 'write-only', ann, ann);
    const { host, port = 0, token } = await ns1.invitation('write-only', ROOT);
    await web.cluster.members.trust({ address: `${host}:${port}`, user: 'root', token }, ROOT);
    expect(rowOf('ann')).toMatchObject({ user: 'ann' });
    expect(rowOf('root')).toMatchObject({ user: 'root', role: 'standalone' });
  });
});

describe('an account that looks around', () => {
  test('is stopped after 20 servers within an hour; others and root are not, and its members can be tested', async () => {
    const mine = await web.add(ns1, 'write-only', ann, ann);
    const look = (i: number, by = ann): Promise<unknown> => web.cluster.members.lookAt('127.0.0.1', 1 + i, by);
    for (let i = 0; i < 19; i++) await expect(look(i)).rejects.toMatchObject({ code: 'member_call_failed' });
    await expect(look(99)).rejects.toMatchObject({ code: 'account_limit', status: 429 });
    await expect(look(0)).rejects.toMatchObject({ code: 'member_call_failed' });
    await expect(
      web.cluster.members.add({ host: '127.0.0.1', port: 98, user: 'x', token: 'x', role: 'sync' }, ann),
    ).rejects.toMatchObject({ code: 'account_limit' });
    for (const by of [bob, ROOT]) await expect(look(99, by)).rejects.toMatchObject({ code: 'member_call_failed' });
    expect(await web.cluster.members.test(mine.id, ann)).toMatchObject({ hostname: 'ns1' });
  });

  test('has eight calls in hand at most', async () => {
    const mine = await web.add(ns1, 'write-only', ann, ann);
    const settled = await Promise.allSettled(Array.from({ length: 12 }, () => web.cluster.members.test(mine.id, ann)));
    const refused = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
    expect(refused).toHaveLength(4);
    for (const reason of refused) expect(reason).toMatchObject({ code: 'account_limit' });
    expect(await web.cluster.members.test(mine.id, ann)).toMatchObject({ hostname: 'ns1' });
  });
});

test('an account has two synchronizations at a time; others and root start theirs, and their results stay', async () => {
  await web.add(ns1, 'sync', ann, ann);
  const { synchronize } = web.cluster;
  const wanted = { direction: 'local', unconfigured: false, plan: true } as const;
  const kept = await synchronize.start(wanted, ROOT);
  ns1.intercept = () => true;
  const [first] = [await synchronize.start(wanted, ann), await synchronize.start(wanted, ann)];
  await expect(synchronize.start(wanted, ann)).rejects.toMatchObject({ code: 'account_limit', status: 429 });
  for (const by of [bob, ROOT, ROOT, ROOT]) await synchronize.start(wanted, by);
  first.cancel();
  await vi.waitFor(() => expect(first.state).not.toBe('running'));
  ns1.intercept = () => false;
  for (let i = 0; i < 25; i++) {
    const { id } = await synchronize.start(wanted, bob);
    await vi.waitFor(() => expect(synchronize.job(id, bob)?.state).toBe('done'));
  }
  expect(synchronize.job(kept.id, ROOT)).toBeDefined();
});
