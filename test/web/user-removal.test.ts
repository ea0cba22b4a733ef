import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { askService } from '../../src/cli/service/running-service.js';
import { startNode, type RunningNode } from '../../src/panel/node.js';
import { zoneName } from '../../src/zones/zone-name.js';
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
    expect(gone).toEqual({ user: 'ann', revoked: [], zones: 2 });
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
  expect(await ask('removepaneluser', { user: 'bob' })).toEqual({ user: 'bob', revoked: [], zones: 0 });
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

test('a host that has no ids says that a user was removed', async () => {
  await node.plugin.accountRemoved('ann');
  expect(zonesOf('ann')).toEqual([]);
  expect((await node.plugin.cluster.status(ROOT)).withoutOwner).toEqual([{ owner: 'ann', zones: 2 }]);
});
