import type { RescanResult } from '../../../src/cluster/local/rescan.js';
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { zoneName, type ZoneName } from '../../../src/zones/zone-name.js';
import { ClusterNode } from '../cluster-node.js';
import { ROOT, zoneText } from '../zone-texts.js';

const a = zoneName('a.example');
const b = zoneName('b.example');
const LONGEST = { timeout: 10_000, interval: 20 };

let node: ClusterNode;
beforeEach(async () => {
  node = await ClusterNode.start('web');
  await node.cluster.saveZone(a, zoneText(7), ROOT);
  await node.cluster.saveZone(b, zoneText(7), ROOT);
});
afterEach(() => node.end());

function fileOf(name: ZoneName): string {
  const shard = createHash('md5').update(name).digest('hex').slice(0, 2);
  return join(node.folder, 'data', 'zones', shard, name);
}

const rescan = (): Promise<RescanResult> => node.cluster.files.rescan(ROOT);
const damaged = async (): Promise<string[]> => (await node.cluster.status(ROOT)).damaged.map(({ zone }) => zone);

describe('a rescan', () => {
  test('takes a changed file as a change of root: served, its serial lifted, the file written back', async () => {
    writeFileSync(fileOf(a), zoneText(7, '192.0.2.9'));
    expect(await rescan()).toMatchObject({
      changed: [{ zone: a, serial: 8, lifted: true, local: { state: 'served' } }],
      unchanged: 1,
    });
    expect(await node.served(a)).toBe(8);
    expect(readFileSync(fileOf(a))).toEqual(zoneText(8, '192.0.2.9'));
    expect(await rescan()).toMatchObject({ changed: [], unchanged: 2 });
  });

  test('keeps a serial that the person raised, and one that somebody set back', async () => {
    writeFileSync(fileOf(a), zoneText(20, '192.0.2.9'));
    writeFileSync(fileOf(b), zoneText(3));
    expect(await rescan()).toMatchObject({ changed: [{ zone: a, serial: 20, lifted: false }], unchanged: 1 });
    expect(readFileSync(fileOf(b))).toEqual(zoneText(7));
  });

  test('leaves a broken file as it is, goes on serving the zone, and names line and reason until it is saved', async () => {
    const broken = `${zoneText(8).toString()}www A 192.0.2.300\n`;
    writeFileSync(fileOf(a), broken);
    const found = await rescan();
    expect(found).toMatchObject({ changed: [], unchanged: 1 });
    expect(found.broken).toEqual([
      { zone: a, why: expect.stringMatching(/line 6, column 7: .*IPv4 address/) as string },
    ]);
    expect(readFileSync(fileOf(a), 'utf8')).toBe(broken);
    expect(await node.served(a)).toBe(7);
    expect(await damaged()).toEqual([a]);
    expect(await node.cluster.saveZone(a, zoneText(9), ROOT)).toMatchObject({ serial: 9, local: { state: 'served' } });
    expect(await damaged()).toEqual([]);
  });

  test('leaves a file that the nameserver refuses, and the zone where it was', async () => {
    writeFileSync(fileOf(a), zoneText(8, '192.0.2.9'));
    node.nameserver.refuses = ({ name }) => name === a;
    const found = await rescan();
    expect(found).toMatchObject({
      changed: [],
      broken: [{ zone: a, why: expect.stringContaining('refused') as string }],
    });
    expect(readFileSync(fileOf(a))).toEqual(zoneText(8, '192.0.2.9'));
    expect(node.cluster.zones.get(a, ROOT)?.serial).toBe(7);
    expect(await node.served(a)).toBe(7);
    expect(await damaged()).toEqual([a]);
  });

  test('removes nothing where a file is gone; the same text saved again heals it', async () => {
    rmSync(fileOf(a));
    expect(await rescan()).toMatchObject({ missing: [a], unchanged: 1 });
    expect(node.cluster.zones.get(a, ROOT)?.serial).toBe(7);
    expect(await damaged()).toEqual([a]);
    await node.cluster.saveZone(a, zoneText(7), ROOT);
    expect(readFileSync(fileOf(a))).toEqual(zoneText(7));
    expect(await damaged()).toEqual([]);
  });

  test('takes a new file as a zone of root, and not one of a zone that was removed', async () => {
    const fresh = zoneName('new.example');
    await node.cluster.removeZone(b, ROOT);
    writeFileSync(fileOf(fresh), zoneText(3));
    writeFileSync(fileOf(b), zoneText(8));
    expect(await rescan()).toMatchObject({ added: [{ zone: fresh, serial: 3 }], removed: [b], unchanged: 1 });
    expect(node.cluster.zones.get(fresh, ROOT)).toMatchObject({ owner: 'root', serial: 3 });
    expect(await node.served(fresh)).toBe(3);
    expect(node.cluster.zones.get(b, ROOT)).toBeUndefined();
  });

  test('is one for all who ask while it runs, and root alone may ask', async () => {
    writeFileSync(fileOf(a), zoneText(8, '192.0.2.9'));
    const [one, other] = await Promise.all([rescan(), rescan()]);
    expect(other).toBe(one);
    const ann = { ...ROOT, user: 'ann', kind: 'reseller' as const };
    await expect(node.cluster.files.rescan(ann)).rejects.toMatchObject({ code: 'privilege_missing' });
  });

  test('does not undo what is saved while it runs', async () => {
    writeFileSync(fileOf(a), zoneText(8, '192.0.2.9'));
    const [, saved] = await Promise.all([rescan(), node.cluster.saveZone(a, zoneText(30, '192.0.2.3'), ROOT)]);
    expect(saved.serial).toBe(30);
    expect(await node.served(a)).toBe(30);
  });
});

describe('a start', () => {
  test('takes changed files, reports broken and new ones, and serves the rest', async () => {
    const fresh = zoneName('new.example');
    await node.stop();
    writeFileSync(fileOf(a), zoneText(7, '192.0.2.9'));
    appendFileSync(fileOf(b), 'www A 192.0.2.300\n');
    writeFileSync(fileOf(fresh), zoneText(3));
    await node.start();
    expect(node.cluster.zones.get(a, ROOT)?.serial).toBe(8);
    expect(await node.served(a)).toBe(8);
    expect(await damaged()).toEqual([b]);
    expect(node.cluster.zones.get(fresh, ROOT)).toBeUndefined();
  });
});

describe('with a member', () => {
  let member: ClusterNode;
  beforeEach(async () => {
    member = await ClusterNode.start('ns1');
    await node.add(member);
  });
  afterEach(() => member.end());

  test('a changed file goes on to it, and a broken one never does', async () => {
    await vi.waitFor(() => expect(member.holdings()).toEqual(node.holdings()), LONGEST);
    writeFileSync(fileOf(a), zoneText(7, '192.0.2.9'));
    appendFileSync(fileOf(b), 'www A 192.0.2.300\n');
    await rescan();
    await vi.waitFor(async () => expect(await member.served(a)).toBe(8), LONGEST);
    expect(await member.served(b)).toBe(7);
  });

  test('a file that is not taken is not sent to it under the name of what it was', async () => {
    const late = await ClusterNode.start('ns2');
    try {
      writeFileSync(fileOf(b), zoneText(7, '192.0.2.66'));
      await node.add(late);
      await vi.waitFor(async () => expect(await late.served(a)).toBe(7), LONGEST);
      const states = (): unknown => node.cluster.zoneStates(b, ROOT).find(({ hostname }) => hostname === 'ns2');
      await vi.waitFor(() => expect(states()).toMatchObject({ state: 'failed' }), LONGEST);
      expect(late.cluster.zones.get(b, ROOT)).toBeUndefined();
      await rescan();
      await vi.waitFor(async () => expect(await late.served(b)).toBe(8), LONGEST);
    } finally {
      await late.end();
    }
  });
});
