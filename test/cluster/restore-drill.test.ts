import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { restoreFolder } from '../../src/backup/restore-folder.js';
import { writeBackup } from '../../src/backup/write-backup.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { ClusterNode } from './cluster-node.js';
import { ROOT, zoneText } from './zone-texts.js';

const [OLD, EDITED, MADE] = [zoneName('old.example'), zoneName('edited.example'), zoneName('made.example')];

describe('a server that lost its disk and was restored from a backup', () => {
  let web: ClusterNode;
  let members: ClusterNode[];
  let folder: string;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'drill-'));
    [web, ...members] = (await Promise.all(['web', 'ns1', 'ns2'].map((name) => ClusterNode.start(name)))) as [
      ClusterNode,
    ];
    for (const member of members) await web.add(member);
  });
  afterEach(async () => {
    await Promise.all([web, ...members].map((node) => node.end()));
    rmSync(folder, { recursive: true, force: true });
  });

  async function inSync(): Promise<void> {
    await vi.waitFor(
      () => {
        for (const member of members) expect(member.holdings()).toEqual(web.holdings());
      },
      { timeout: 15_000 },
    );
  }

  test('takes no zone from any member, and is offered every newer copy; no serial goes backwards', async () => {
    for (const name of [OLD, EDITED]) await web.cluster.saveZone(name, zoneText(1), ROOT);
    await inSync();
    const file = join(folder, 'web.tar.gz');
    const release = await web.cluster.holdFiles();
    const data = join(web.folder, 'data');
    await writeBackup(file, { folder: data, layout: 'plugin', signal: new AbortController().signal });
    release();
    expect(statSync(file).mode & 0o777).toBe(0o600);

    // It goes on, and then its disk is gone.
    await web.cluster.saveZone(EDITED, zoneText(9, '192.0.2.9'), ROOT);
    await web.cluster.saveZone(MADE, zoneText(5, '192.0.2.5'), ROOT);
    await inSync();
    const before = members.map((member) => member.holdings());
    await web.stop();
    rmSync(data, { recursive: true });
    await restoreFolder(file, data, { force: false });
    await web.start();
    expect(web.cluster.zones.get(EDITED, ROOT)?.serial).toBe(1);

    // Starting alone changes nothing at any member.
    const reports = await web.cluster.drift.check(undefined, ROOT);
    expect(members.map((member) => member.holdings())).toEqual(before);
    for (const { differences } of reports) {
      const found = differences.map(({ zone, kind, newer }) => [zone, kind, newer]).sort();
      expect(found).toEqual([
        [EDITED, 'ahead', 'there'],
        [MADE, 'extra', 'unknown'],
      ]);
    }
    const [first] = reports;
    const outcomes = await web.cluster.drift.resolve(first?.member ?? '', [EDITED, MADE], 'take', ROOT);
    expect(outcomes.filter((one) => 'error' in one)).toEqual([]);
    await inSync();
    expect((await web.cluster.zones.text(EDITED, ROOT)).toString()).toContain('192.0.2.9');
    for (const member of members) {
      expect(await member.served(OLD)).toBe(1);
      expect(await member.served(EDITED)).toBeGreaterThanOrEqual(9);
      expect(await member.served(MADE)).toBeGreaterThanOrEqual(5);
    }
  });

  test('from a backup that was made while zones were saved has each of them whole', async () => {
    const names = Array.from({ length: 40 }, (_, i) => zoneName(`z${i}.example`));
    const save = async (serial: number): Promise<void> => {
      for (const name of names) await web.cluster.saveZone(name, zoneText(serial), ROOT, { wait: 'local' });
    };
    await save(1);
    const file = join(folder, 'web.tar.gz');
    const release = await web.cluster.holdFiles();
    const saving = save(2);
    await writeBackup(file, {
      ...{ folder: join(web.folder, 'data'), layout: 'plugin' },
      signal: new AbortController().signal,
    });
    release();
    await saving;
    await inSync();
    await web.stop();
    const { setAside } = await restoreFolder(file, join(web.folder, 'data'), { force: true });
    expect(readdirSync(setAside[0] ?? '')).toContain('zones');
    await web.start();
    const { damaged } = await web.cluster.status(ROOT);
    expect(damaged).toEqual([]);
    for (const name of names) {
      const serial = web.cluster.zones.get(name, ROOT)?.serial ?? 0;
      expect([1, 2]).toContain(serial);
      expect((await web.cluster.zones.text(name, ROOT)).toString()).toContain(` ${serial} 1 1 1 1`);
    }
    // Nothing older goes to a member.
    for (const member of members) for (const name of names) expect(await member.served(name)).toBe(2);
  });
});
