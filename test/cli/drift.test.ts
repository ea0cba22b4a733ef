import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { zoneName, type ZoneName } from '../../src/zones/zone-name.js';
import { ClusterNode } from '../cluster/cluster-node.js';
import { ROOT, zoneText } from '../cluster/zone-texts.js';
import { needs } from '../needs.js';
import { inTerminal } from './in-terminal.js';
import { runningNode } from './running-node.js';

const web = runningNode();
const NS1 = 'ns1.example.net';
const AHEAD = zoneName('ahead.example');
const EXTRA = zoneName('extra.example');

let ns1: ClusterNode;
let other: ClusterNode;
beforeAll(async () => {
  [ns1, other] = await Promise.all([ClusterNode.start(NS1), ClusterNode.start('web2.example.net')]);
  const { cluster } = web.node.plugin;
  await cluster.saveZone(AHEAD, zoneText(5), ROOT);
  await cluster.members.add(await ns1.invitation('write-only', ROOT), ROOT);
  await inSync();
  await other.add(ns1);
});
afterAll(() => Promise.all([ns1, other].map((node) => node.end())));

const inSync = (): Promise<void> =>
  vi.waitFor(
    () => expect(web.node.plugin.cluster.members.list(ROOT).map(({ pending }) => pending)).toEqual([0]),
    30_000,
  );
/** The member has this from elsewhere, as if somebody had edited it there. */
const editThere = (name: ZoneName, serial: number): Promise<unknown> =>
  ns1.cluster.saveZone(name, zoneText(serial, '192.0.2.99'), ROOT, { wait: 'local', sender: { hostsSeen: [] } });
const textHere = async (): Promise<string> => (await web.node.plugin.cluster.zones.text(AHEAD, ROOT)).toString();

describe('dnscluster drift', () => {
  test('check compares now; list says what was found last, and who was not looked at yet', async () => {
    expect(await web.run(['drift', 'list'])).toMatchObject({
      status: 0,
      out: `${NS1} was not checked yet: run dnscluster drift check ${NS1}\n`,
    });
    const checked = await web.run(['drift', 'check']);
    expect(checked).toMatchObject({
      status: 0,
      out: expect.stringMatching(/^ns1\.example\.net: 1 zone compared by digests .*, all match\.\n$/) as string,
    });
    expect(await web.run(['drift', 'check', 'nobody'])).toMatchObject({ status: 2 });
  });

  test('names what differs, and exits with 1', async () => {
    await editThere(AHEAD, 100);
    await ns1.cluster.saveZone(EXTRA, zoneText(9), ROOT, {
      ...{ wait: 'local', sender: { hostsSeen: [], claimed: { server: 'web.example.net', epoch: 0 } } },
    });
    const { status, out } = await web.run(['drift', 'check', NS1]);
    expect([status, out]).toEqual([
      1,
      expect.stringMatching(
        /^MEMBER .*\nns1\.example\.net +ahead\.example +Ahead +5 +100\n.* extra\.example +Extra +not here +9\n/,
      ),
    ]);
    expect(out).toContain('2 differ.');
    const { status: again, said } = await web.json(['drift', 'list', '--member', NS1]);
    expect([again, said]).toEqual([
      1,
      [expect.objectContaining({ hostname: NS1, found: 2, differences: [expect.anything(), expect.anything()] })],
    ]);
  });

  test('send, take and remove want zones or --all; what replaces or removes something there asks before', async () => {
    expect(await web.run(['drift', 'take', NS1])).toMatchObject({ status: 2, err: 'Name zones, or use --all.\n' });
    expect(await web.run(['drift', 'take', NS1, AHEAD, '--all'])).toMatchObject({ status: 2 });
    for (const how of ['send', 'remove']) {
      const refused = await web.run(['drift', how, NS1, '--all']);
      expect([refused.status, refused.err]).toEqual([2, expect.stringContaining('Use --yes to confirm')]);
    }
    expect(await ns1.served(AHEAD)).toBe(100);
    expect(await ns1.served(EXTRA)).toBe(9);
  });

  test('a zone that can not be settled so is named with why, and the others are done', async () => {
    const { status, out, err } = await web.run(['drift', 'remove', NS1, AHEAD, EXTRA, '--yes']);
    expect([status, out]).toEqual([1, `1 of 2 zones were removed there (${NS1}).\n`]);
    expect(err).toMatch(/^ahead\.example: .*can't be removed to resolve this difference/);
    await vi.waitFor(async () => expect(await ns1.served(EXTRA)).toBeUndefined(), 20_000);
  });

  test('take has the version of the member here, and a later serial everywhere', async () => {
    expect(await web.json(['drift', 'take', NS1, '--all'])).toMatchObject({ status: 0, said: [{ zone: AHEAD }] });
    expect(await textHere()).toContain('192.0.2.99');
    expect(await web.run(['drift', 'take', NS1, '--all'])).toMatchObject({
      status: 0,
      out: `No difference at ${NS1} allows this.\n`,
    });
    await inSync();
    expect(await web.run(['drift', 'check'])).toMatchObject({ status: 0 });
  });

  test.skipIf(!needs('script'))('send: a person is asked, sees how far a check is, and says no or yes', async () => {
    await editThere(AHEAD, 200);
    const checked = await inTerminal(web.program, ['drift', 'check', '--folder', web.folder]);
    expect([checked.status, checked.shown]).toEqual([1, expect.stringContaining('0 of 1 members are compared')]);
    const args = ['drift', 'send', NS1, AHEAD, '--folder', web.folder];
    const no = await inTerminal(web.program, args, { steps: [['Continue? [y/N]', '\r']] });
    expect([no.status, no.shown]).toEqual([2, expect.stringContaining('Nothing was done.')]);
    expect(no.shown).toContain(`The zone ${AHEAD} at ${NS1} will be replaced by the version of this server.`);
    expect(await ns1.served(AHEAD)).toBe(200);
    const yes = await inTerminal(web.program, args, { steps: [['Continue? [y/N]', 'y\r']] });
    expect([yes.status, yes.shown]).toEqual([0, expect.stringContaining('1 of 1 zones were sent again')]);
    await vi.waitFor(async () => expect(await ns1.served(AHEAD)).toBeGreaterThan(200), 10_000);
  });
});

describe('dnscluster conflicts', () => {
  const ZONE = zoneName('shop.example');

  test('list: none, then the zone that two servers write, whose version is kept, and 1', async () => {
    expect(await web.run(['conflicts', 'list'])).toMatchObject({ status: 0, out: /^No two servers/ });
    await ns1.cluster.settings.change({ conflictPolicy: 'first' }, ROOT);
    await other.cluster.saveZone(ZONE, zoneText(10, '192.0.2.10'), ROOT);
    await web.node.plugin.cluster.saveZone(ZONE, zoneText(20, '192.0.2.20'), ROOT);
    const { status, out } = await web.run(['conflicts', 'list']);
    expect([status, out]).toEqual([
      1,
      expect.stringMatching(
        /\nshop\.example +web2\.example\.net and web\.example\.net +web2\.example\.net, at ns1\.example\.net +/,
      ),
    ]);
    expect(await web.json(['conflicts', 'list'])).toMatchObject({ status: 1, said: [{ zone: ZONE }] });
  });

  test('take-over asks before; then the zone is this server’s everywhere, and the conflict is settled', async () => {
    expect(await web.run(['conflicts', 'take-over', ZONE])).toMatchObject({ status: 2 });
    expect(await ns1.served(ZONE)).toBe(10);
    const { status, out } = await web.run(['conflicts', 'take-over', ZONE, '--yes']);
    expect([status, out]).toEqual([0, expect.stringMatching(/^shop\.example: saved, serial \d+/)]);
    await vi.waitFor(async () => expect((await ns1.cluster.zones.text(ZONE, ROOT)).toString()).toContain('192.0.2.20'));
    expect(await web.run(['conflicts', 'list'])).toMatchObject({ status: 0 });
  });

  test('take-over of all zones of a server lists them first; hand-over gives zones to another server', async () => {
    const given = zoneName('given.example');
    const { cluster } = web.node.plugin;
    await cluster.saveZone(given, zoneText(10), ROOT);
    const WEB2 = ['--of', other.name, '--all'];
    const handed = await web.run(['zones', 'hand-over', given, '--to', other.name]);
    expect([handed.status, handed.out]).toEqual([0, expect.stringMatching(/^given\.example: saved, serial 11/)]);
    expect(await web.run(['conflicts', 'take-over', given, ...WEB2])).toMatchObject({ status: 2 });
    expect(await web.run(['conflicts', 'take-over', ...WEB2, '--plan'])).toMatchObject({
      status: 0,
      out: `${given}\n`,
    });
    const taken = await web.run(['conflicts', 'take-over', ...WEB2, '--yes']);
    expect([taken.status, taken.out]).toEqual([0, expect.stringMatching(/^given\.example: saved, serial 12/)]);
    expect(cluster.zones.get(given, ROOT)?.home).toMatchObject({ server: 'web.example.net', epoch: 2 });
    await cluster.removeZone(given, ROOT);
  });

  test('forget puts away one that is listed; policy says whose version is kept from now on', async () => {
    const settled = zoneName('settled.example');
    await other.cluster.saveZone(settled, zoneText(10, '192.0.2.10'), ROOT);
    await web.node.plugin.cluster.saveZone(settled, zoneText(20, '192.0.2.20'), ROOT);
    expect(await web.run(['conflicts', 'list'])).toMatchObject({ status: 1 });
    expect(await web.run(['conflicts', 'forget', settled])).toMatchObject({ status: 0 });
    expect(await web.run(['conflicts', 'list'])).toMatchObject({ status: 0 });
    expect(await web.run(['conflicts', 'forget', 'none.example'])).toMatchObject({
      status: 2,
      err: expect.stringContaining('no conflict of none.example') as string,
    });
    expect(await web.run(['conflicts', 'policy', 'first'])).toEqual({
      status: 0,
      out: 'If two servers write a zone, the first server keeps it.\n',
      err: '',
    });
    expect(await web.run(['conflicts', 'policy', 'oldest'])).toMatchObject({ status: 2 });
  });
});
