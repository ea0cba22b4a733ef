import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createLog } from '../../../src/operations/log.js';
import { ZoneHistory } from '../../../src/zones/zone-history.js';
import { zoneName, type ZoneName } from '../../../src/zones/zone-name.js';
import { mayMount, SmallDisk } from '../../small-disk.js';
import { ClusterNode } from '../cluster-node.js';
import { reseller, ROOT, zoneText } from '../zone-texts.js';

const NAME = zoneName('a.example');

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name));

describe('the history of a zone', () => {
  let web: ClusterNode;
  beforeEach(async () => {
    web = await ClusterNode.start('web');
  });
  afterEach(() => web.end());

  test('that cannot be read is no history without versions', async () => {
    await web.cluster.saveZone(NAME, zoneText(5), ROOT);
    await web.cluster.saveZone(NAME, zoneText(6), ROOT);
    expect(await web.cluster.zones.history(NAME, ROOT)).toHaveLength(1);
    const [file = ''] = filesIn(join(web.folder, 'data', 'history'));
    rmSync(file);
    mkdirSync(file);
    await expect(web.cluster.zones.history(NAME, ROOT)).rejects.toMatchObject({ code: 'history_unreadable' });
  });

  test('holds every version that a change ended, with who did it; over a restart, too', async () => {
    await web.cluster.saveZone(NAME, zoneText(5), { ...reseller('ann'), via: { session: true } });
    await web.cluster.saveZone(NAME, zoneText(6, '192.0.2.6'), { ...ROOT, via: { token: 'script' } });
    // The same records once more end nothing.
    await web.cluster.saveZone(NAME, zoneText(6, '192.0.2.6'), ROOT);
    await web.cluster.saveZone(NAME, zoneText(7, '192.0.2.7'), {
      ...reseller('ann'),
      via: { session: true, actor: 'root' },
    });
    await web.stop();
    await web.start();
    const versions = await web.cluster.zones.history(NAME, ROOT);
    expect(versions).toMatchObject([
      { serial: 6, newSerial: 7, user: 'ann', via: 'page, by root', change: 'saved' },
      { serial: 5, newSerial: 6, user: 'root', via: 'token script', change: 'saved' },
    ]);
    expect(versions.map(({ text }) => text.toString())).toEqual([
      zoneText(6, '192.0.2.6').toString(),
      zoneText(5).toString(),
    ]);
    await expect(web.cluster.zones.history(NAME, reseller('bob'))).rejects.toMatchObject({ code: 'zone_unknown' });
  });

  test('brings a version back above all others, also one from before a removal', async () => {
    await web.cluster.saveZone(NAME, zoneText(5, '192.0.2.5'), ROOT);
    await web.cluster.removeZone(NAME, ROOT);
    await web.cluster.saveZone(NAME, zoneText(6, '192.0.2.6'), ROOT);
    const [removed] = await web.cluster.zones.history(NAME, ROOT);
    expect(removed).toMatchObject({ change: 'removed', serial: 5 });
    const { serial } = await web.cluster.saveZone(NAME, removed?.text ?? Buffer.of(), ROOT);
    expect(serial).toBe(7);
    expect((await web.cluster.zones.text(NAME, ROOT)).toString()).toContain('192.0.2.5');
  });
});

describe('changes of one zone that meet', () => {
  let web: ClusterNode;
  beforeEach(async () => {
    web = await ClusterNode.start('web');
  });
  afterEach(() => web.end());

  interface Acknowledged {
    serial: number;
    /** Of a save; a raise and a take-over have the text of the version before. */
    text?: string;
  }

  /** Asks for a change; undefined where none was made, as of a zone that is removed. */
  async function change(zone: ZoneName, kind: string, number: number): Promise<Acknowledged | undefined> {
    const { cluster } = web;
    const text = zoneText(number, `192.0.2.${number}`);
    const wait = { wait: 'local' } as const;
    const asked = {
      save: () => cluster.saveZone(zone, text, ROOT, wait),
      remove: () => cluster.removeZone(zone, ROOT, wait),
      takeOver: () => cluster.zones.takeOver(zone, ROOT),
      // As when a member is seen to serve this serial.
      raise: () => cluster['parts'].versions.raise(zone, { above: number * 10, member: 'ns1' }, ROOT),
    }[kind];
    const result = await asked?.().catch(() => undefined);
    if (result?.serial === undefined || result.change === 'unchanged') return undefined;
    return { serial: result.serial, ...(kind === 'save' ? { text: text.toString() } : {}) };
  }

  const withSerial = (text: string, serial: number): string => text.replace(/(h\.example\.net\.) \d+/, `$1 ${serial}`);

  test('leave each version but the present one in the history, as it was acknowledged and in order, however they interleave', async () => {
    let runs = 0;
    const kind = fc.constantFrom('save', 'save', 'save', 'remove', 'takeOver', 'raise');
    const turn = fc.constantFrom('at once', 'next turn', 'when settled');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(kind, turn), { minLength: 1, maxLength: 14 }), async (asked) => {
        const zone = zoneName(`zone-${runs++}.example`);
        const changes: Promise<Acknowledged | undefined>[] = [];
        for (const [i, [what, when]] of asked.entries()) {
          changes.push(change(zone, what, i + 1));
          if (when === 'next turn') await setImmediate();
          if (when === 'when settled') await Promise.all(changes);
        }
        await Promise.all(changes);
        changes.push(change(zone, 'save', 99));
        const acknowledged = (await Promise.all(changes)).filter((one) => one !== undefined);
        // Serials never go back: their order is that of the turns.
        acknowledged.sort((a, b) => a.serial - b.serial);
        let before = '';
        const versions = acknowledged.map(({ serial, text = before }) => {
          before = withSerial(text, serial);
          return { serial, text: before };
        });
        const kept = (await web.cluster.zones.history(zone, ROOT)).reverse();
        expect(kept.map(({ serial, text }) => ({ serial, text: text.toString() }))).toEqual(versions.slice(0, -1));
      }),
      { numRuns: 60 },
    );
  });
});

describe('a removed zone', () => {
  let web: ClusterNode;
  let ns1: ClusterNode;
  beforeEach(async () => {
    [web, ns1] = await Promise.all([ClusterNode.start('web'), ClusterNode.start('ns1')]);
    await web.add(ns1, 'write-only');
  });
  afterEach(() => Promise.all([web, ns1].map((node) => node.end())));

  test('comes back with its text, to its owner, above every serial, on the members too; also after a restart', async () => {
    await web.cluster.saveZone(NAME, zoneText(5, '192.0.2.5'), reseller('ann'));
    await web.cluster.removeZone(NAME, ROOT);
    expect(ns1.holdings()).toEqual({});
    await web.stop();
    await web.start();
    expect(web.cluster.removed.list(ROOT)).toMatchObject([{ zone: NAME, serial: 5, user: 'root' }]);
    const { change, serial, members } = await web.cluster.removed.restore(NAME, ROOT);
    expect({ change, serial }).toEqual({ change: 'created', serial: 6 });
    expect(members).toMatchObject([{ state: 'served', serial: 6 }]);
    expect(web.cluster.zones.get(NAME, reseller('ann'))).toMatchObject({ owner: 'ann' });
    expect((await ns1.cluster.zones.text(NAME, ROOT)).toString()).toContain('192.0.2.5');
    expect(web.cluster.removed.list(ROOT)).toEqual([]);
    await expect(web.cluster.removed.restore(NAME, ROOT)).rejects.toMatchObject({ code: 'zone_exists' });
  });

  test('is brought back by its owner or root alone, and only where its text is kept', async () => {
    await web.cluster.saveZone(NAME, zoneText(5), reseller('ann'));
    await web.cluster.removeZone(NAME, reseller('ann'));
    expect(web.cluster.removed.list(reseller('bob'))).toEqual([]);
    expect(web.cluster.removed.list(reseller('ann'))).toMatchObject([{ zone: NAME }]);
    await expect(web.cluster.removed.restore(NAME, reseller('bob'))).rejects.toMatchObject({ code: 'zone_not_yours' });
    await expect(web.cluster.removed.restore(zoneName('never.example'), ROOT)).rejects.toMatchObject({
      code: 'zone_not_kept',
    });
    expect(await web.cluster.removed.restore(NAME, reseller('ann'))).toMatchObject({ change: 'created' });
  });
});

describe('the files of the history', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'history-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const log = createLog({ level: 'silent' });
  const version = (serial: number, size = 10) =>
    ({ user: 'root', via: 'page', change: 'saved', serial, text: Buffer.alloc(size, 'x') }) as const;

  test('stay of a bounded size, keep the newest, and are for nobody else’s eyes', async () => {
    const history = new ZoneHistory(folder, log);
    for (let serial = 1; serial <= 80; serial++) void history.record(NAME, version(serial, 100_000));
    const kept = await history.of(NAME);
    expect(kept[0]?.serial).toBe(80);
    expect(kept.length).toBeLessThanOrEqual(50);
    const [file = ''] = filesIn(folder);
    expect(statSync(file).size).toBeLessThan(5 * 1024 * 1024);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test('of a zone whose one version is larger than the bound keep it', async () => {
    const history = new ZoneHistory(folder, log);
    void history.record(NAME, version(1, 5_000_000));
    expect((await history.of(NAME)).map(({ serial, text }) => [serial, text.length])).toEqual([[1, 5_000_000]]);
  });

  test.skipIf(!mayMount())('on a full disk wait, and are whole when there is room', async () => {
    const disk = SmallDisk.mount(512 * 1024);
    try {
      const history = new ZoneHistory(disk.folder, log);
      await history.record(NAME, version(1));
      disk.fill(4_096);
      for (const serial of [2, 3]) await history.record(NAME, version(serial, 20_000));
      await history.record(zoneName('other.example'), version(7, 20_000));
      expect((await history.of(NAME)).map(({ serial }) => serial)).toEqual([1]);
      disk.empty();
      await history.record(NAME, version(4));
      await history.close();
      expect((await history.of(NAME)).map(({ serial }) => serial)).toEqual([4, 3, 2, 1]);
      expect(await history.of(zoneName('other.example'))).toMatchObject([{ serial: 7 }]);
    } finally {
      disk.unmount();
    }
  });

  test('that can not be written stop no change', async () => {
    writeFileSync(join(folder, 'in-the-way'), '');
    const history = new ZoneHistory(join(folder, 'in-the-way'), log);
    await history.record(NAME, version(1));
    await expect(history.of(NAME)).rejects.toMatchObject({ code: 'history_unreadable' });
    await history.close();
  });
});
