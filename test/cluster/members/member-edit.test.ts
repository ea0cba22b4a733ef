import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { zoneName } from '../../../src/zones/zone-name.js';
import { ClusterNode } from '../cluster-node.js';
import { reseller, ROOT, zoneText } from '../zone-texts.js';

const NAME = zoneName('a.example');

let web: ClusterNode;
let ns1: ClusterNode;
let ns2: ClusterNode;
beforeEach(async () => {
  const [a, b, c] = ['web', 'ns1', 'ns2'].map((name) => ClusterNode.start(name)) as [
    Promise<ClusterNode>,
    Promise<ClusterNode>,
    Promise<ClusterNode>,
  ];
  [web, ns1, ns2] = await Promise.all([a, b, c]);
});
afterEach(() => Promise.all([web, ns1, ns2].map((node) => node.end())));

describe('editing a member', () => {
  test('to another token keeps its row, its certificate and what it has acknowledged', async () => {
    const { id, fingerprint } = await web.add(ns1, 'sync');
    await web.cluster.saveZone(NAME, zoneText(5), ROOT);
    const { token } = await ns1.invitation('sync', ROOT);
    ns1.calls.length = 0;
    const edited = await web.cluster.members.edit(id, { token, role: 'write-only' }, ROOT);
    expect(edited).toMatchObject({ id, fingerprint, role: 'write-only', hostname: 'ns1', zonesInSync: 1 });
    expect(ns1.calls).not.toContain('synczones_local');
    const { members } = await web.cluster.saveZone(NAME, zoneText(6, '192.0.2.7'), ROOT);
    expect(members).toMatchObject([{ hostname: 'ns1', state: 'served', serial: 6 }]);
  });

  test('to another server sends that one everything, and pins its certificate', async () => {
    const { id, fingerprint } = await web.add(ns1, 'sync');
    await web.cluster.saveZone(NAME, zoneText(5), ROOT);
    const { host, port, dnsPort, user, token } = await ns2.invitation('sync', ROOT);
    const edited = await web.cluster.members.edit(id, { host, port, dnsPort, user, token } as never, ROOT);
    expect(edited).toMatchObject({ id, hostname: 'ns2' });
    expect(edited.fingerprint).not.toBe(fingerprint);
    await vi.waitFor(() => expect(ns2.holdings()).toEqual(web.holdings()));
    // Nothing was taken from the first one.
    expect(ns1.holdings()).toEqual(web.holdings());
  });

  test.each([
    ['a wrong token', { token: 'wrong' }, /refused the user or token/],
    ['an address where nothing listens', { port: 1 }, /cannot be reached/],
    ['no user', { user: '' }, /user name and an API token are needed/],
  ])('to %s changes nothing', async (_what, edit, sentence) => {
    const { id } = await web.add(ns1, 'sync');
    const before = web.cluster.members.list(ROOT).map(({ lastContact: _, ...row }) => row);
    await expect(web.cluster.members.edit(id, edit, ROOT)).rejects.toThrow(sentence);
    expect(web.cluster.members.list(ROOT).map(({ lastContact: _, ...row }) => row)).toEqual(before);
    const { members } = await web.cluster.saveZone(NAME, zoneText(5), ROOT);
    expect(members).toMatchObject([{ state: 'served' }]);
  });

  test('to a server that is another member is refused', async () => {
    const { id } = await web.add(ns1, 'sync');
    await web.add(ns2, 'sync');
    const { port, token } = await ns2.invitation('sync', ROOT);
    await expect(web.cluster.members.edit(id, { port, token } as never, ROOT)).rejects.toMatchObject({
      code: 'member_exists',
    });
  });

  test('of somebody else is refused, as one that is not there', async () => {
    const { id } = await web.add(ns1, 'sync');
    for (const call of [
      web.cluster.members.edit(id, {}, reseller('ann')),
      web.cluster.members.test(id, reseller('ann')),
    ]) {
      await expect(call).rejects.toMatchObject({ code: 'member_unknown' });
    }
  });
});

describe('testing a member', () => {
  test('says who answered, and how fast', async () => {
    const { id } = await web.add(ns1, 'standalone');
    expect(await web.cluster.members.test(id, ROOT)).toEqual({
      ...{ version: '11.82.0.1', hostname: 'ns1', milliseconds: expect.any(Number) as number },
    });
  });

  test('that is down is a sentence, and counts as a failure', async () => {
    const { id } = await web.add(ns1, 'standalone');
    await ns1.stop();
    await expect(web.cluster.members.test(id, ROOT)).rejects.toMatchObject({
      ...{ code: 'member_call_failed', message: expect.stringContaining('cannot be reached') as string },
    });
    expect(web.cluster.members.list(ROOT)).toMatchObject([{ state: 'failing', failures: 1 }]);
    await ns1.start();
  });
});
