import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import supertest from 'supertest';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { askService } from '../../src/cli/service/running-service.js';
import { startNode, type RunningNode } from '../../src/panel/node.js';
import { zoneName, type ZoneName } from '../../src/zones/zone-name.js';
import { ClusterNode } from '../cluster/cluster-node.js';
import { reseller, ROOT, zoneText } from '../cluster/zone-texts.js';

const PASSWORD = 'twelve letters or more';
const ZONES = ['a.example', 'b.example'].map(zoneName);

let folder: string;
let node: RunningNode;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'user-removal-'));
  const nameserver = { kind: 'embedded', host: '127.0.0.1', port: 0 } as const;
  node = await startNode({ name: 'web.example.net', folder, host: '127.0.0.1', port: 0, nameserver });
  await node.users.add({ user: 'root', kind: 'root', privileges: ['all'] }, PASSWORD);
  for (const user of ['ann', 'bob']) await add(user);
  for (const zone of ZONES) await node.plugin.cluster.saveZone(zone, zoneText(5), reseller('ann'));
});
afterEach(async () => {
  await node.stop();
  rmSync(folder, { recursive: true, force: true });
});

const ask = ((name: never, parameters: never) => askService({ folder }, name, parameters)) as unknown as (
  name: string,
  parameters: Readonly<Record<string, unknown>>,
) => Promise<Record<string, unknown>>;
const add = (user: string): Promise<void> =>
  node.users.add({ user, kind: 'reseller', privileges: ['clustering'] }, PASSWORD);
const zonesOf = (user: string): string[] => node.plugin.cluster.listZones(reseller(user)).map(({ name }) => name);
const hasUser = (user: string): boolean => node.users.find(user) !== undefined;

describe('a user who has zones', () => {
  test('is not removed before it is said what becomes of them, and the refusal says how many there are', async () => {
    const token = { user: 'ann', kind: 'reseller', name: 'script', privileges: ['clustering'] } as const;
    await node.plugin.tokens.create(token);
    await expect(ask('removepaneluser', { user: 'ann' })).rejects.toThrow(/2 zones belong to ann/);
    expect([hasUser('ann'), zonesOf('ann')]).toEqual([true, ZONES]);
    expect(node.plugin.tokens.list('ann')).toHaveLength(1);
    const { entry } = await ask('listaudit', { action: 'removeUser' });
    expect(entry).toMatchObject([{ target: 'ann', refused: 'user_has_zones' }]);
  });

  test('is removed when another is to have them: those are served throughout, with the same text and serial', async () => {
    const before = node.plugin.cluster.listZones(ROOT);
    const gone = await ask('removepaneluser', { user: 'ann', zones_to: 'bob' });
    expect(gone).toEqual({ user: 'ann', revoked: [], zones: 2, members: [] });
    expect([hasUser('ann'), zonesOf('bob')]).toEqual([false, ZONES]);
    expect(node.plugin.cluster.listZones(ROOT)).toEqual(before.map((row) => ({ ...row, owner: 'bob' })));
    await add('ann');
    expect(zonesOf('ann')).toEqual([]);
  });

  test('is removed with them where that is said', async () => {
    expect(await ask('removepaneluser', { user: 'ann', remove_zones: '1' })).toMatchObject({ zones: 2 });
    expect([hasUser('ann'), node.plugin.cluster.listZones(ROOT)]).toEqual([false, []]);
    await add('ann');
    await expect(node.plugin.cluster.removed.restore(zoneName('a.example'), ROOT)).resolves.toBeDefined();
    expect(zonesOf('ann')).toEqual([]);
  });

  test.each([
    ['somebody who is no user', { zones_to: 'nobodyhere' }, /no user "nobodyhere"/],
    ['the one who is removed', { zones_to: 'ann' }, /zones_to/],
    ['somebody, and are removed, too', { zones_to: 'bob', remove_zones: '1' }, /zones_to/],
  ])('stays, with the zones, where those are to go to %s', async (_, what, why) => {
    await expect(ask('removepaneluser', { user: 'ann', ...what })).rejects.toThrow(why);
    expect([hasUser('ann'), zonesOf('ann')]).toEqual([true, ZONES]);
  });

  test('stays, with the zones, where nobody could log in as root then', async () => {
    await node.plugin.cluster.setOwner(ZONES, 'root', ROOT);
    await expect(ask('removepaneluser', { user: 'root', zones_to: 'bob' })).rejects.toThrow(/log in as root/);
    expect(zonesOf('bob')).toEqual([]);
  });
});

test('a user without zones is removed without a word about them', async () => {
  expect(await ask('removepaneluser', { user: 'bob' })).toEqual({ user: 'bob', revoked: [], zones: 0, members: [] });
});

test('the members that a removed user added leave the cluster, are named, and keep what they have; others stay', async () => {
  const { cluster } = node.plugin;
  const [ns1, ns2] = await Promise.all([ClusterNode.start('ns1'), ClusterNode.start('ns2')]);
  try {
    await cluster.settings.change({ resellerNetworks: ['127.0.0.0/8'] }, ROOT);
    await cluster.members.add(await ns1.invitation('write-only', reseller('ann')), reseller('ann'));
    await cluster.members.add(await ns2.invitation('write-only', ROOT), ROOT);
    const served = (there: ClusterNode): string[] => there.cluster.listZones(ROOT).map(({ name }) => name);
    await vi.waitFor(() => expect([served(ns1), served(ns2)]).toEqual([ZONES, ZONES]), 20_000);
    expect(await ask('removepaneluser', { user: 'ann', zones_to: 'bob' })).toMatchObject({ members: ['ns1'] });
    expect(cluster.members.list(ROOT).map(({ hostname }) => hostname)).toEqual(['ns2']);
    const { entry } = await ask('listaudit', { action: 'removeMember' });
    expect(entry).toHaveLength(1);
    const [name] = ZONES as [ZoneName];
    await cluster.saveZone(name, zoneText(9), reseller('bob'));
    await vi.waitFor(
      async () => expect((await ns2.cluster.zones.text(name, ROOT)).toString()).toContain(' 9 '),
      20_000,
    );
    expect((await ns1.cluster.zones.text(name, ROOT)).toString()).toContain(' 5 ');
    expect(served(ns1)).toEqual(ZONES);
  } finally {
    await Promise.all([ns1.end(), ns2.end()]);
  }
});

test('names that root allows a user are not for who has the user name later', async () => {
  const { cluster } = node.plugin;
  const name = zoneName('ac.uk');
  const allowed = (): unknown => cluster.settings.values.allowedNames;
  await ask('setallowednames', { account: 'ann', zone: [name] });
  expect(cluster.settings.shownTo(reseller('ann')).allowedNames).toEqual([{ account: 'ann', zone: name }]);
  await ask('removepaneluser', { user: 'ann', zones_to: 'bob' });
  expect(allowed()).toEqual([]);
  await add('ann');
  expect(allowed()).toEqual([]);
  const refused = { code: 'name_not_permitted' };
  await expect(cluster.addZone(name, zoneText(5), reseller('ann'))).rejects.toMatchObject(refused);
  await ask('setallowednames', { account: 'ann', zone: [name] });
  expect(allowed()).toEqual([{ account: 'ann', zone: name }]);
  await cluster.addZone(name, zoneText(5), reseller('ann'));
  await expect(ask('setallowednames', { account: 'nobodyhere', zone: [name] })).rejects.toThrow(/no user "nobodyhere"/);
  const unknown = cluster.settings.change({ allowedNames: [{ account: 'nobodyhere', zone: name }] }, ROOT);
  await expect(unknown).rejects.toMatchObject({ code: 'user_unknown' });
  expect(allowed()).toEqual([{ account: 'ann', zone: name }]);
});

test('an owner who is no user is refused wherever an owner can be named', async () => {
  const wanted = /no user "nobodyhere"/;
  const text = zoneText(5).toString();
  await expect(ask('adddns', { domain: 'c.example', ip: '192.0.2.1', trueowner: 'nobodyhere' })).rejects.toThrow(
    wanted,
  );
  const imported = ask('importzones', { zone: ['c.example'], zonedata: [text], owner: 'nobodyhere' });
  await expect(imported).rejects.toThrow(wanted);
  await expect(ask('setzoneowner', { zone: ['a.example'], owner: 'nobodyhere' })).rejects.toThrow(wanted);
  expect(node.plugin.cluster.listZones(ROOT)).toHaveLength(2);
  await ask('adddns', { domain: 'c.example', ip: '192.0.2.1', trueowner: 'bob' });
  expect(zonesOf('bob')).toEqual(['c.example']);
});

test('a host that has no ids says that a user was removed: zones and tokens are nobody else’s,', async () => {
  const { tokens } = node.plugin;
  const token = { user: 'ann', kind: 'reseller', name: 'script', privileges: ['clustering'] } as const;
  const { secret } = await tokens.create(token);
  await tokens.setAccessKeys(true);
  const key = await tokens.createAccessKey(token);
  await node.plugin.accountRemoved('ann');
  // The panel lists an ann again, or still: those are not hers.
  expect([secret, key.replaceAll('\n', '')].map((one) => tokens.verify('ann', one))).toEqual([undefined, undefined]);
  expect(tokens.list('ann')).toEqual([]);
  expect(zonesOf('ann')).toEqual([]);
  expect((await node.plugin.cluster.status(ROOT)).withoutOwner).toEqual([{ owner: 'ann', zones: 2 }]);
});

test('a token with limits makes no login for itself: a login would have none', async () => {
  const { tokens, api } = node.plugin;
  const made = { user: 'root', kind: 'root', privileges: ['all'] } as const;
  const ends = await tokens.create({ ...made, name: 'ends', expiresAt: Date.now() / 1_000 + 3_600 });
  const bound = await tokens.create({ ...made, name: 'bound', addresses: ['127.0.0.0/8'] });
  const free = await tokens.create({ ...made, name: 'free' });
  const app = express().use(api);
  const call = (name: string, secret: string, fields: object): Promise<{ status: number; text: string }> =>
    supertest(app)
      .post(`/json-api/${name}?api.version=1`)
      .set('Authorization', `whm root:${secret}`)
      .type('form')
      .send({ password: PASSWORD, ...fields });
  const mark = node.users.passwordMark('root');
  for (const { secret } of [ends, bound]) {
    expect((await call('addpaneluser', secret, { user: 'eve', root: '1' })).text).toContain('token_has_limits');
    expect((await call('setpanelpassword', secret, { user: 'root' })).text).toContain('token_has_limits');
  }
  expect([hasUser('eve'), node.users.passwordMark('root')]).toEqual([false, mark]);
  const { entry } = await ask('listaudit', { action: 'addUser' });
  expect(entry).toMatchObject([{ refused: 'token_has_limits' }, { refused: 'token_has_limits' }]);
  await call('addpaneluser', free.secret, { user: 'eve', root: '1' });
  expect(hasUser('eve')).toBe(true);
});
