import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SELF } from '../../src/access/principal.js';
import { zoneName, type ZoneName } from '../../src/zones/zone-name.js';
import { ClusterNode } from '../cluster/cluster-node.js';
import { ROOT } from '../cluster/zone-texts.js';
import { BASE, startPagesOf, ZONE, type Browser, type Page, type PagesServer } from './pages-server.js';
import { reasonOf, WhmNode } from './whm-node.js';

const NO_NOTICES = { mailTo: '', mailFrom: '', smtp: '', webhook: '', webhookSecret: '' };
const zoneAt = (address: string): string => ZONE.replace('192.0.2.1', address);
const fieldOf = ({ html }: Page, name: string): string =>
  new RegExp(`name="${name}" value="([^"]*)"`).exec(html)?.[1] ?? '';
const statuses = (pages: readonly Page[]): number[] => pages.map(({ status }) => status).sort();

let node: WhmNode;
let pages: PagesServer;
let root: Browser;
let zone: ZoneName;
let zones = 0;

beforeAll(async () => {
  node = await WhmNode.start();
  pages = await startPagesOf(node.cluster);
  root = await pages.browser('root');
}, 60_000);
afterAll(async () => {
  await pages.close();
  await node.stop();
});
beforeEach(async () => {
  zone = zoneName(`zone-${zones++}.example`);
  await node.cluster.saveZone(zone, Buffer.from(ZONE), SELF);
});

const text = async (): Promise<string> => (await node.cluster.zones.text(zone, SELF)).toString();

describe('of two forms of one zone that are sent at once, the second is refused and nothing of the first is lost', () => {
  test('in the text editor, which keeps what was typed and shows what it would replace', async () => {
    const version = fieldOf(await root.get(`/zone/${zone}`), 'version');
    const send = (address: string): Promise<Page> =>
      root.post(`/zone/${zone}/text`, { version, text: zoneAt(address) });
    const [one, other] = await Promise.all([send('192.0.2.11'), send('192.0.2.22')]);
    expect(statuses([one, other])).toEqual([303, 409]);
    const [refused, lost, kept] =
      one.status === 409 ? [one, '192.0.2.11', '192.0.2.22'] : [other, '192.0.2.22', '192.0.2.11'];
    expect(refused.html).toContain('was changed by somebody else');
    expect(refused.html).toContain(lost);
    const difference = /<pre class="difference".*?<\/pre>/s.exec(refused.html)?.[0] ?? '';
    expect(difference).toMatch(new RegExp(`class="gone">.*${kept}`));
    expect(difference).toMatch(new RegExp(`class="new">.*${lost}`));
    expect(await text()).toContain(kept);
    expect(await text()).not.toContain(lost);
  });

  test('in the forms of records', async () => {
    const version = fieldOf(await root.get(`/zone/${zone}/record`), 'version');
    const add = (name: string): Promise<Page> =>
      root.post(`/zone/${zone}/record`, { version, name, ttl: '60', type: 'A', value: '192.0.2.9' });
    const answers = await Promise.all([add('one'), add('two')]);
    expect(statuses(answers)).toEqual([303, 409]);
    expect(answers.find(({ status }) => status === 409)?.html).toContain(`Zone ${zone} was changed by somebody else`);
    expect((await text()).match(/192\.0\.2\.9/g)).toHaveLength(1);
  });

  test('where a record is edited by its line, also when the refused form is sent again', async () => {
    const lines = ZONE.split('\n');
    const line = String(lines.findIndex((each) => each.startsWith('www')));
    const fields = { line, name: 'www', ttl: '60', type: 'A', value: '192.0.2.9' };
    const version = fieldOf(await root.get(`/zone/${zone}/record?line=${line}`), 'version');
    // Another record stands at that line from now on.
    const moved = ZONE.replace('www', 'mail IN A 192.0.2.2\nwww');
    await node.cluster.saveZone(zone, Buffer.from(moved.replace('2024010101', '2024010102')), SELF);
    const refused = await root.post(`/zone/${zone}/record`, { ...fields, version });
    expect(refused.status).toBe(409);
    const again = await root.post(`/zone/${zone}/record`, { ...fields, version: fieldOf(refused, 'version') });
    expect(again.status).toBe(409);
    expect(await text()).toContain('mail IN A 192.0.2.2');
  });

  test('where an earlier version is brought back', async () => {
    await node.cluster.saveZone(zone, Buffer.from(zoneAt('192.0.2.5')), SELF);
    const time = (await node.cluster.zones.history(zone, SELF))[0]?.time ?? '';
    const page = await root.get(`/zone/${zone}/version?time=${time}`);
    const version = fieldOf(page, 'version');
    const edit = root.post(`/zone/${zone}/text`, { version, text: zoneAt('192.0.2.6') });
    const answers = await Promise.all([edit, root.post(`/zone/${zone}/undo`, { version, time })]);
    expect(statuses(answers)).toEqual([303, 409]);
    expect(await text()).not.toContain('192.0.2.5');
    const late = await root.post(`/zone/${zone}/undo`, { version, time });
    expect([late.status, late.html.includes(`${zone} was changed by somebody else`)]).toEqual([409, true]);
  });

  test('where a deleted zone is brought back that was back and deleted again since', async () => {
    await node.cluster.removeZone(zone, SELF);
    const serial = String(node.cluster.removed.list(SELF).find((one) => one.zone === zone)?.serial);
    expect((await root.get('/zones/deleted')).html).toContain(`name="serial" value="${serial}"`);
    const answers = await Promise.all([1, 2].map(() => root.post(`/zone/${zone}/restore`, { serial })));
    expect(statuses(answers)).toEqual([303, 409]);
    await node.cluster.removeZone(zone, SELF);
    const late = await root.post(`/zone/${zone}/restore`, { serial });
    expect([late.status, late.html.includes(`${zone} was changed by somebody else`)]).toEqual([409, true]);
    expect(node.cluster.zones.get(zone, SELF)).toBeUndefined();
  });
});

describe('of two calls for one zone that come at once, the second is refused and nothing of the first is lost', () => {
  test.each([
    ['savezone', (address: string) => ({ zonedata: zoneAt(address), serialnum: 2024010101 })],
    ['addzonerecord', (address: string) => ({ name: 'x', type: 'A', address, serialnum: 2024010101 })],
    [
      'mass_edit_dns_zone',
      (address: string) => ({
        add: JSON.stringify({ dname: 'x', ttl: 60, record_type: 'A', data: [address] }),
        serial: 2024010101,
      }),
    ],
  ])('by %s', async (name, fields) => {
    const send = (address: string): ReturnType<WhmNode['call']> =>
      node.call(name, { zone, ...fields(address) }, { method: 'POST' });
    const answers = await Promise.all([send('192.0.2.11'), send('192.0.2.22')]);
    expect(answers.map(({ metadata }) => metadata.result).sort()).toEqual([0, 1]);
    expect((await text()).match(/192\.0\.2\.(11|22)/g)).toHaveLength(1);
  });

  test('by savezone and restorezone with the serial that the caller saw', async () => {
    const edited = await node.call('savezone', { zone, zonedata: zoneAt('192.0.2.9'), serialnum: 2024010100 });
    expect(reasonOf(edited)).toEqual([0, 'Zone file changed since last read.']);
    expect(await text()).toBe(ZONE);
    await node.cluster.removeZone(zone, SELF);
    const restored = await node.call('restorezone', { zone, serial: 2024010100 });
    expect(reasonOf(restored)).toEqual([0, expect.stringContaining('was changed by somebody else')]);
    expect((await node.call('restorezone', { zone, serial: 2024010101 })).metadata.result).toBe(1);
  });
});

describe('of two settings that are saved at once from the same page, the second is refused', () => {
  let web: ClusterNode;
  let ns1: ClusterNode;
  let member: string;
  let pages: PagesServer;
  let root: Browser;
  beforeAll(async () => {
    [web, ns1] = await Promise.all([ClusterNode.start('web'), ClusterNode.start('ns1')]);
    member = (await web.add(ns1, 'standalone')).id;
    pages = await startPagesOf(web.cluster);
    root = await pages.browser('root');
    await pages.tokens.create({ user: 'root', kind: 'root', name: 'script', privileges: ['all'] });
    await pages.tokens.setAccessKeys(true);
  }, 60_000);
  afterAll(async () => {
    await pages.close();
    await Promise.all([web.end(), ns1.end()]);
  });

  const edit = (dnsPort: string): Record<string, string> => {
    const { host = '', port, user = '' } = web.cluster.members.list(ROOT)[0] ?? {};
    return { host, port: String(port), user, dnsPort, token: '', role: 'standalone' };
  };
  const FORMS: [name: string, page: () => string, form: () => string, one: () => object, other: () => object][] = [
    [
      'options',
      () => '/',
      () => '/options',
      () => ({ threshold: 'never', networks: '', names: '' }),
      () => ({ threshold: 'default', networks: '', names: '', auto: '1' }),
    ],
    ['the policy', () => '/drift', () => '/drift/policy', () => ({ policy: 'first' }), () => ({ policy: 'first' })],
    [
      'notifications',
      () => '/notifications',
      () => '/notifications',
      () => ({ ...NO_NOTICES, mailTo: 'a@example.net' }),
      () => ({ ...NO_NOTICES, mailTo: 'b@example.net' }),
    ],
    ['a role', () => '/', () => `/member/${member}/role`, () => ({ role: 'write-only' }), () => ({ role: 'sync' })],
    [
      'a member',
      () => `/member/${member}/edit`,
      () => `/member/${member}/edit`,
      () => edit('5301'),
      () => edit('5302'),
    ],
    [
      'a token',
      () => '/tokens/edit?user=root&name=script',
      () => '/tokens/edit',
      () => ({ user: 'root', token: 'script', name: 'script', privilege: 'all', addresses: '192.0.2.1' }),
      () => ({ user: 'root', token: 'script', name: 'script', privilege: 'all', addresses: '192.0.2.2' }),
    ],
  ];

  test.each(FORMS)('%s', async (_, page, path, one, other) => {
    const { html } = await root.get(page());
    const form = html.slice(html.indexOf(`action="${BASE}${path()}"`));
    const seen = fieldOf({ html: form } as Page, 'seen');
    expect(seen).not.toBe('');
    const send = (fields: object): Promise<Page> => root.post(path(), { seen, ...fields });
    const answers = await Promise.all([send(one()), send(other())]);
    expect(statuses(answers)).toEqual([303, 409]);
    const refused = answers.find(({ status }) => status === 409);
    expect(refused?.html).toContain('was changed by somebody else');
    expect((await send(other())).status).toBe(409);
  });

  test('a remote access key, which is shown once', async () => {
    const seen = (): Promise<string> => root.get('/tokens').then(({ html }) => fieldOf({ html } as Page, 'seen'));
    const none = await seen();
    const statusesOf = async (): Promise<number[]> => {
      const before = await seen();
      return statuses(await Promise.all([1, 2].map(() => root.post('/tokens/key', { seen: before }))));
    };
    expect(none).toBe('');
    expect(await statusesOf()).toEqual([200, 409]);
    expect(await statusesOf()).toEqual([200, 409]);
  });

  test('but options of which none is the same are both saved', async () => {
    const changes = [{ failureThreshold: 77 }, { resellerNetworks: ['192.0.2.0/24'] }];
    await Promise.all(changes.map((change) => web.cluster.settings.change(change, ROOT)));
    const { settings } = await web.cluster.status(ROOT);
    expect(settings).toMatchObject({ failureThreshold: 77, resellerNetworks: ['192.0.2.0/24'] });
  });

  test('and a role that is set while a member is asked for an edit stays', async () => {
    const { role } = web.cluster.members.list(ROOT)[0] ?? {};
    const set = role === 'sync' ? 'write-only' : 'sync';
    const edited = web.cluster.members.edit(member, { debug: true }, ROOT);
    await web.cluster.members.setRole(member, set, ROOT);
    await expect(edited).rejects.toMatchObject({ code: 'changed_meanwhile' });
    expect(web.cluster.members.list(ROOT)).toMatchObject([{ role: set }]);
  });
});
