import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SELF } from '../../src/access/principal.js';
import type { DnsCluster } from '../../src/cluster/dns-cluster.js';
import { zoneName, type ZoneName } from '../../src/zones/zone-name.js';
import { startPagesOf, ZONE, type Browser, type Page, type PagesServer } from './pages-server.js';
import { reasonOf, WhmNode } from './whm-node.js';

const zoneAt = (address: string): string => ZONE.replace('192.0.2.1', address);
const fieldOf = ({ html }: Page, name: string): string =>
  new RegExp(`name="${name}" value="([^"]*)"`).exec(html)?.[1] ?? '';
const statuses = (pages: readonly Page[]): number[] => pages.map(({ status }) => status).sort();

let node: WhmNode;
let pages: PagesServer<DnsCluster>;
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

const text = async (): Promise<string> => (await node.cluster.zoneText(zone, SELF)).toString();

describe('of two forms of one zone that are sent at once, the second is refused and nothing of the first is lost', () => {
  test('in the text editor, which keeps what was typed', async () => {
    const version = fieldOf(await root.get(`/zone/${zone}`), 'version');
    const send = (address: string): Promise<Page> =>
      root.post(`/zone/${zone}/text`, { version, text: zoneAt(address) });
    const [one, other] = await Promise.all([send('192.0.2.11'), send('192.0.2.22')]);
    expect(statuses([one, other])).toEqual([303, 409]);
    const [refused, lost, kept] =
      one.status === 409 ? [one, '192.0.2.11', '192.0.2.22'] : [other, '192.0.2.22', '192.0.2.11'];
    expect(refused.html).toContain('was changed by somebody else');
    expect(refused.html).toContain(lost);
    expect(await text()).toContain(kept);
    expect(await text()).not.toContain(lost);
  });

  test('in the forms of records', async () => {
    const version = fieldOf(await root.get(`/zone/${zone}/record`), 'version');
    const add = (name: string): Promise<Page> =>
      root.post(`/zone/${zone}/record`, { version, name, ttl: '60', type: 'A', value: '192.0.2.9' });
    const answers = await Promise.all([add('one'), add('two')]);
    expect(statuses(answers)).toEqual([303, 409]);
    expect(answers.find(({ status }) => status === 409)?.html).toContain('was changed by somebody else');
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
    const time = (await node.cluster.zoneHistory(zone, SELF))[0]?.time ?? '';
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
    const serial = String(node.cluster.removedZones(SELF).find((one) => one.zone === zone)?.serial);
    expect((await root.get('/zones/deleted')).html).toContain(`name="serial" value="${serial}"`);
    const answers = await Promise.all([1, 2].map(() => root.post(`/zone/${zone}/restore`, { serial })));
    expect(statuses(answers)).toEqual([303, 409]);
    await node.cluster.removeZone(zone, SELF);
    const late = await root.post(`/zone/${zone}/restore`, { serial });
    expect([late.status, late.html.includes(`${zone} was changed by somebody else`)]).toEqual([409, true]);
    expect(node.cluster.zone(zone, SELF)).toBeUndefined();
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
