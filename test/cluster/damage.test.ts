import { readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { zoneName, type ZoneName } from '../../src/zones/zone-name.js';
import { ClusterNode } from './cluster-node.js';
import { reseller, ROOT, zoneNames, zoneText } from './zone-texts.js';

const ZONES = zoneNames(20);
const [FIRST, SECOND, REMOVED, ...REST] = ZONES as [ZoneName, ZoneName, ZoneName, ...ZoneName[]];
const MADE = zoneName('made.example');
const SOON = { timeout: 20_000 };

let web: ClusterNode;
let members: [ClusterNode, ClusterNode];
beforeEach(async () => {
  const options = { schedules: { health: '* * * * * *' } };
  const [first, ...others] = await Promise.all(['web', 'ns1', 'ns2'].map((name) => ClusterNode.start(name, options)));
  [web, members] = [first as ClusterNode, others as [ClusterNode, ClusterNode]];
  for (const member of members) await web.add(member);
  const zones = ZONES.map((name) => ({ name, text: zoneText(1) }));
  await web.cluster.zones.saveMany(zones.slice(0, 10), ROOT);
  await web.cluster.zones.saveMany(zones.slice(10), reseller('ann'));
  await inSync();
});
afterEach(() => Promise.all([web, ...members].map((node) => node.end())));

function inSync(): Promise<void> {
  return vi.waitFor(() => {
    for (const member of members) expect(member.holdings()).toEqual(web.holdings());
  }, SOON);
}

/** Takes all master files away, with the folders that they lie in. */
function emptyZoneFolder(node: ClusterNode): void {
  const zones = join(node.folder, 'data', 'zones');
  for (const entry of readdirSync(zones)) rmSync(join(zones, entry), { recursive: true });
}

async function allServed(zones: readonly ZoneName[], serial: number): Promise<void> {
  for (const node of members) for (const name of zones) expect(await node.served(name)).toBe(serial);
}

describe('the zone folder emptied under the running service', () => {
  test('is reported by itself, takes no zone from any member, and every file is brought back', async () => {
    const before = web.holdings();
    emptyZoneFolder(web);
    await vi.waitFor(() => expect(web.cluster.problems().map(({ key }) => key)).toContain('damaged'), SOON);
    expect((await web.cluster.status(ROOT)).damaged).toHaveLength(20);
    // Changes go on meanwhile, and what is removed by command goes everywhere.
    const edited = await web.cluster.saveZone(FIRST, zoneText(2, '192.0.2.2'), ROOT);
    const made = await web.cluster.saveZone(MADE, zoneText(2), ROOT);
    for (const { members: states } of [edited, made])
      expect(states.map(({ state }) => state)).toEqual(['served', 'served']);
    await web.cluster.removeZone(REMOVED, ROOT);
    await inSync();
    await allServed([SECOND, ...REST], 1);
    await allServed([FIRST, MADE], 2);

    const outcomes = await web.cluster.files.restoreAll(ROOT);
    expect(outcomes).toHaveLength(18);
    expect(outcomes.filter((one) => 'error' in one || one.result.warnings.length > 0)).toEqual([]);
    expect((await web.cluster.status(ROOT)).damaged).toEqual([]);
    for (const name of [SECOND, ...REST]) expect(web.holdings()[name]).toBe(before[name]);
    expect(web.cluster.zones.get(REST.at(-1) as ZoneName, ROOT)?.owner).toBe('ann');
    expect(web.cluster.problems()).toEqual([]);
    await inSync();
  });

  test('and found empty by a restart: the same, and the zones are served here again', async () => {
    emptyZoneFolder(web);
    await web.stop();
    await web.start();
    expect((await web.cluster.status(ROOT)).damaged).toHaveLength(20);
    await web.cluster.drift.check(undefined, ROOT);
    await allServed(ZONES, 1);
    for (const member of members) expect(Object.keys(member.holdings())).toHaveLength(20);
    expect(await web.served(SECOND)).toBeUndefined();
    await web.cluster.files.restoreAll(ROOT);
    for (const name of ZONES) expect(await web.served(name)).toBe(1);
    await inSync();
  });

  test('of a member is filled again by the server that has the zones', async () => {
    const [ns1] = members;
    emptyZoneFolder(ns1);
    await ns1.stop();
    await ns1.start();
    expect(await ns1.served(FIRST)).toBeUndefined();
    await web.cluster.drift.check(undefined, ROOT);
    await vi.waitFor(async () => {
      for (const name of ZONES) expect(await ns1.served(name)).toBe(1);
    }, SOON);
    expect((await ns1.cluster.status(ROOT)).damaged).toEqual([]);
  });

  test('of a member that runs on is noticed by the health check, and filled again without anybody', async () => {
    const [ns1] = members;
    emptyZoneFolder(ns1);
    const files = (): number =>
      readdirSync(join(ns1.folder, 'data', 'zones'), { recursive: true }).filter((file) =>
        String(file).endsWith('.example'),
      ).length;
    await vi.waitFor(() => expect(files()).toBe(20), SOON);
    expect((await ns1.cluster.status(ROOT)).damaged).toEqual([]);
    await ns1.stop();
    await ns1.start();
    for (const name of ZONES) expect(await ns1.served(name)).toBe(1);
  });

  test('waits for a member that has the lost version; where none has, the one before comes back, and that is said', async () => {
    await web.cluster.saveZone(FIRST, zoneText(2, '192.0.2.2'), ROOT);
    await inSync();
    const ids = web.cluster.members.list(ROOT).map(({ id }) => id);
    for (const member of members) await member.stop();
    emptyZoneFolder(web);
    await expect(web.cluster.files.restore(FIRST, ROOT)).rejects.toMatchObject({ code: 'zone_held_there' });
    for (const id of ids) await web.cluster.members.remove(id, ROOT);
    const outcomes = await web.cluster.files.restoreAll(ROOT);
    const brought = outcomes.flatMap((one) => ('error' in one ? [] : one.result));
    expect(brought).toMatchObject([{ zone: FIRST, serial: 3, warnings: [expect.stringContaining('the one before')] }]);
    for (const one of outcomes) if ('error' in one) expect(one.error.code).toBe('zone_not_kept');
    for (const member of members) await member.start();
  });
});

describe('a file that was cut while the service was stopped', () => {
  /** Octets that are left: none, one, the middle of a line, and all but the end. */
  const CUTS = [0, 1, 0.3, 0.77, -3];

  function cut(file: string, at: number): void {
    const { size } = statSync(file);
    truncateSync(file, Math.trunc(at < 0 ? size + at : at < 1 ? size * at : at));
  }

  const asides = (node: ClusterNode): string[] =>
    readdirSync(join(node.folder, 'data')).filter((file) => file.startsWith('index.damaged-'));

  /** What must not be lost of a zone, beside its text. */
  const facts = (node: ClusterNode): object[] =>
    node.cluster
      .listZones(ROOT)
      .map(({ name, serial, digest, owner, home }) => ({ name, serial, digest, owner, home }));

  test.each(['web', 'ns1'])(
    'is the index of %s: zones, owners and servers are as before, and the file is kept aside',
    async (which) => {
      await web.cluster.removeZone(REMOVED, ROOT);
      await inSync();
      const node = which === 'web' ? web : members[0];
      const before = facts(node);
      expect(before).toMatchObject(
        ZONES.filter((name) => name !== REMOVED)
          .sort()
          .map((name) => ({ name, home: { server: 'web' } })),
      );
      for (const [i, at] of CUTS.entries()) {
        await node.stop();
        cut(join(node.folder, 'data', 'index'), at);
        await node.start();
        expect(facts(node)).toEqual(before);
        expect(node.cluster.removed.list(ROOT)).toMatchObject([{ zone: REMOVED }]);
        expect(asides(node)).toHaveLength(i + 1);
      }
      await web.cluster.drift.check(undefined, ROOT);
      await allServed([FIRST, SECOND, ...REST], 1);
      await web.cluster.saveZone(FIRST, zoneText(2, '192.0.2.2'), ROOT);
      await inSync();
      await allServed([FIRST], 2);
    },
  );

  test('is the index, and its copy, too: no member loses a zone, what its sound lines say is kept, and the rest is of root', async () => {
    await web.stop();
    for (const file of ['index', 'index.bak']) cut(join(web.folder, 'data', file), 0.5);
    await web.start();
    const rows = web.cluster.listZones(ROOT);
    expect(rows.map(({ name }) => name)).toEqual([...ZONES].sort());
    expect(new Set(rows.map(({ owner }) => owner))).toContain('root');
    await web.cluster.drift.check(undefined, ROOT);
    await inSync();
    await allServed(ZONES, 1);
  });

  test('is a ledger: what it does not say any more is sent again, and a removal reaches the member all the same', async () => {
    const [ns1] = members;
    const ledger = (): string => join(web.folder, 'data', 'ledgers', `${web.row(ns1).id}.ledger`);
    for (const at of CUTS) {
      const file = ledger();
      await web.stop();
      cut(file, at);
      await web.start();
      await vi.waitFor(() => expect(web.row(ns1)).toMatchObject({ pending: 0, zonesInSync: 20 }), SOON);
      await inSync();
    }
    // Removed while the member is away, and then it is forgotten that the member has it.
    await ns1.stop();
    await web.cluster.removeZone(REMOVED, ROOT);
    const file = ledger();
    await web.stop();
    cut(file, 0);
    await Promise.all([web.start(), ns1.start()]);
    await vi.waitFor(() => expect(web.row(ns1)).toMatchObject({ state: 'online', pending: 0 }), SOON);
    await web.cluster.drift.check(undefined, ROOT);
    await inSync();
    expect(await ns1.served(REMOVED)).toBeUndefined();
    await allServed([FIRST, SECOND, ...REST], 1);
  });
});
