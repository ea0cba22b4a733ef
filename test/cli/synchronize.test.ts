import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { compareSerials } from '../../src/dns/serial.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { ClusterNode } from '../cluster/cluster-node.js';
import { ROOT, zoneNames, zoneText } from '../cluster/zone-texts.js';
import { needs } from '../needs.js';
import { inTerminal } from './in-terminal.js';
import { runningNode } from './running-node.js';

const web = runningNode();
const [ZONE, OTHER] = [zoneName('a.example'), zoneName('theirs.example')];

let ns1: ClusterNode;
beforeAll(async () => {
  ns1 = await ClusterNode.start('ns1.example.net');
  const { cluster } = web.node.plugin;
  await cluster.members.add(await ns1.invitation('sync', ROOT), ROOT);
  await cluster.saveZone(ZONE, zoneText(7), ROOT);
});
afterAll(() => ns1.end());

const serialHere = (): number => web.node.plugin.cluster.zones.get(ZONE, ROOT)?.serial ?? 0;

describe('dnscluster synchronizes', () => {
  test('one zone: synczonelocal takes the newer copy here, and says so', async () => {
    await ns1.cluster.saveZone(ZONE, zoneText(20, '192.0.2.20'), ROOT);
    expect(await web.run(['synczonelocal', ZONE, '--plan'])).toMatchObject({
      status: 0,
      out: 'ZONE       NEWER AT         SERIAL  HERE\na.example  ns1.example.net  20      7\n',
    });
    expect(serialHere()).toBe(7);
    const { status, out, err } = await web.run(['synczonelocal', ZONE]);
    expect([status, err]).toEqual([0, '']);
    expect(out).toMatch(
      /a\.example +web\.example\.net +Newer copy taken +serial 20 of ns1\.example\.net\nNewer copy taken: 1\n$/,
    );
    expect(compareSerials(serialHere(), 20)).toBe(0);
    expect(await web.run(['synczonelocal', ZONE, '--plan'])).toMatchObject({ out: 'No member has a newer copy.\n' });
  });

  test('one zone: synczone sends it to the members, too', async () => {
    const { status, said } = await web.json(['synczone', ZONE]);
    expect(status).toBe(0);
    expect(said).toMatchObject({
      state: 'done',
      row: [{ zone: ZONE, server: 'ns1.example.net', outcome: 'Taken, not yet seen in DNS' }],
      outcomes: { 'Taken, not yet seen in DNS': 1 },
    });
  });

  test('all zones: without --full only those of this server', async () => {
    await ns1.cluster.saveZone(OTHER, zoneText(1), ROOT);
    expect(await web.run(['synclocal'])).toEqual({ status: 0, out: 'There was nothing to do.\n', err: '' });
    expect(web.node.plugin.cluster.zones.get(OTHER, ROOT)).toBeUndefined();
    expect((await web.run(['syncalllocal', '--full', '--plan'])).out).toMatch(/theirs\.example.*not here/);
    expect(await web.run(['syncall', '--full'])).toMatchObject({ status: 0 });
    expect(web.node.plugin.cluster.zones.get(OTHER, ROOT)).toBeDefined();
  });

  test.skipIf(!needs('script'))('to a terminal it shows how far it is, and on its output nothing of that', async () => {
    await web.node.plugin.cluster.zones.saveMany(
      zoneNames(300).map((name) => ({ name, text: zoneText(1) })),
      ROOT,
      { wait: 'local' },
    );
    const { status, shown } = await inTerminal(web.program, ['syncall', '--folder', web.folder]);
    expect(status).toBe(0);
    expect(shown).toMatch(/\[[#.]{30}\].* zones/);
    expect(shown.replace(/^.*\r.*\[K/s, '')).toMatch(/^(Served|Taken, not yet seen in DNS): \d+\n/);
    expect((await web.run(['syncall'])).err).toBe('');
  });

  test.skipIf(!needs('script'))('Ctrl-C cancels it, and finished zones are kept', async () => {
    await web.node.plugin.cluster.saveZone(ZONE, zoneText(serialHere() + 1), ROOT, { wait: 'local' });
    const release = ns1.nameserver.hold();
    try {
      const { status, shown } = await inTerminal(web.program, ['syncall', '--folder', web.folder], {
        steps: [['Sending zones', '\x03']],
      });
      expect([status, shown]).toEqual([1, expect.stringContaining('Cancelled; finished zones are kept')]);
    } finally {
      release();
    }
  });

  test('a member that is away: its zones wait, and that is said with 1', async () => {
    await ns1.stop();
    const { status, out } = await web.run(['synczone', ZONE]);
    expect([status, out]).toEqual([1, expect.stringMatching(/ns1\.example\.net +Not compared +.*cannot be reached/)]);
    await ns1.start();
    await vi.waitFor(async () => expect(await web.run(['members', 'test'])).toMatchObject({ status: 0 }), {
      timeout: 20_000,
    });
  }, 60_000);

  test('while clustering is off: 1, and why', async () => {
    await web.node.plugin.cluster.settings.setClustering(false, ROOT);
    const { status, out, err } = await web.run(['syncall']);
    expect([status, out, err]).toEqual([1, '', expect.stringContaining('clustering is off')]);
    await web.node.plugin.cluster.settings.setClustering(true, ROOT);
  });

  test('no zone, or a wrong name', async () => {
    expect(await web.run(['synczone'])).toMatchObject({ status: 2 });
    expect(await web.run(['synczone', '../x'])).toMatchObject({
      status: 1,
      err: expect.stringContaining('not a zone name') as string,
    });
  });
});
