import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ZoneName } from '../../src/zones/zone-name.js';
import { ClusterNode } from './cluster-node.js';
import { ROOT, zoneNames, zoneText } from './zone-texts.js';

const ZONES = zoneNames(5);
const [FIRST] = ZONES as [ZoneName, ...ZoneName[]];
const SOON = { timeout: 20_000 };

let web: ClusterNode;
let ns1: ClusterNode;
beforeEach(async () => {
  [web, ns1] = (await Promise.all(['web', 'ns1'].map((name) => ClusterNode.start(name)))) as [ClusterNode, ClusterNode];
  await web.add(ns1);
  await web.cluster.zones.saveMany(
    ZONES.map((name) => ({ name, text: zoneText(1) })),
    ROOT,
    { wait: 'served' },
  );
});
afterEach(() => Promise.all([web, ns1].map((node) => node.end())));

const file = (name: string): string => join(web.folder, 'data', name);
const keys = (): string[] => web.cluster.problems().map(({ key }) => key);

describe('a start without the file of the cluster', () => {
  test.each(['cluster.json', 'accounts.json'])(
    '(%s) nor its copy answers DNS, refuses every change, and leaves members alone',
    async (lost) => {
      await web.cluster.accounts.ended('ann');
      const before = ns1.holdings();
      await web.stop();
      for (const name of [lost, `${lost}.bak`]) rmSync(file(name));
      await web.start();
      expect(await web.served(FIRST)).toBe(1);
      expect(web.cluster.losses).toEqual([{ file: file(lost), lost: true }]);
      const refused = { code: 'state_lost', facts: { file: file(lost) } };
      await expect(web.cluster.saveZone(FIRST, zoneText(2), ROOT)).rejects.toMatchObject(refused);
      await expect(web.cluster.removeZone(FIRST, ROOT)).rejects.toMatchObject(refused);
      await expect(web.add(ns1)).rejects.toMatchObject(refused);
      expect(await web.served(FIRST)).toBe(1);
      expect(ns1.holdings()).toEqual(before);
    },
  );

  test('but with its copy knows every member and setting of the last change', async () => {
    const members = web.cluster.members.list(ROOT).map(({ id }) => id);
    await web.stop();
    rmSync(file('cluster.json'));
    await web.start();
    expect(web.cluster.members.list(ROOT).map(({ id }) => id)).toEqual(members);
    expect(web.cluster.losses).toEqual([{ file: file('cluster.json'), lost: false }]);
    await web.cluster.saveZone(FIRST, zoneText(2), ROOT, { wait: 'served' });
    expect(await ns1.served(FIRST)).toBe(2);
  });

  test('takes no revoked token from an old one', async () => {
    const { secret } = await web.tokens.create({ user: 'root', kind: 'root', name: 'stolen', privileges: ['all'] });
    const old = readFileSync(file('tokens.json'));
    await web.tokens.revoke('root', 'stolen');
    await web.stop();
    for (const name of ['tokens.json', 'tokens.json.bak']) writeFileSync(file(name), old);
    await web.start();
    expect(web.tokens.verify('root', secret)).toBeUndefined();
    expect(web.tokens.list().map(({ name }) => name)).not.toContain('stolen');
  });
});

describe('zones that this server lost, and members have', () => {
  test('are a problem that names them, and is over when they are taken back', async () => {
    await web.cluster.removeZone(ZONES.at(-1) as ZoneName, ROOT, { wait: 'served' });
    await web.stop();
    const data = join(web.folder, 'data');
    for (const name of readdirSync(data)) {
      if (/^(index|journal|zones|previous)/.test(name)) rmSync(join(data, name), { recursive: true });
    }
    await web.start();
    expect(keys()).toContain('lost zones');
    const problem = web.cluster.problems().find(({ key }) => key === 'lost zones');
    expect(problem?.text).toMatch(/^4 zones .*, which ns1 has\. /);
    expect(await ns1.served(FIRST)).toBe(1);
    await web.cluster.drift.check(undefined, ROOT);
    const [report] = web.cluster.drift.reports(ROOT);
    const extra = report?.differences.map(({ zone }) => zone) ?? [];
    await web.cluster.drift.resolve(report?.member ?? '', extra, 'take', ROOT);
    await vi.waitFor(() => expect(keys()).not.toContain('lost zones'), SOON);
  });
});

/** Octets of a step that are flipped: its length, its checksum, its head, its text. */
test.each([1, 5, 20, -3])(
  'a journal that is damaged in the middle (octet %i of a step) loses that step alone, and is a problem',
  async (place) => {
    const data = join(web.folder, 'data');
    const journals = (): string[] => readdirSync(data).filter((name) => name.startsWith('journal.'));
    for (const serial of [2, 3]) await web.cluster.saveZone(FIRST, zoneText(serial), ROOT, { wait: 'served' });
    const [name] = journals().filter((one) => readFileSync(join(data, one)).includes('{"kind":'));
    const octets = readFileSync(join(data, name ?? ''));
    const steps: number[] = [];
    for (let at = octets.indexOf('{"kind":'); at !== -1; at = octets.indexOf('{"kind":', at + 1)) steps.push(at - 8);
    const [, second = 0, third = 0] = steps;
    const at = place < 0 ? third + place : second + place;
    octets[at] = (octets[at] ?? 0) ^ 0x55;
    await web.stop();
    for (const one of journals()) rmSync(join(data, one));
    writeFileSync(join(data, 'journal.1'), octets);
    await web.start();
    expect(keys().filter((key) => key.startsWith('journal '))).toHaveLength(1);
    expect(web.cluster.problems().find(({ key }) => key.startsWith('journal '))?.text).toMatch(
      /^1 changes? in it can't/,
    );
    expect(web.cluster.zones.get(FIRST, ROOT)?.serial).toBe(3);
    expect(web.cluster.zones.count(ROOT)).toBe(5);
  },
);
