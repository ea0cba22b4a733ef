import { readdirSync, rmSync } from 'node:fs';
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
  const options = { healthSchedule: '* * * * * *' };
  const [first, ...others] = await Promise.all(['web', 'ns1', 'ns2'].map((name) => ClusterNode.start(name, options)));
  [web, members] = [first as ClusterNode, others as [ClusterNode, ClusterNode]];
  for (const member of members) await web.add(member);
  const zones = ZONES.map((name) => ({ name, text: zoneText(1) }));
  await web.cluster.saveZones(zones.slice(0, 10), ROOT);
  await web.cluster.saveZones(zones.slice(10), reseller('ann'));
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

    const outcomes = await web.cluster.restoreFiles(ROOT);
    expect(outcomes).toHaveLength(18);
    expect(outcomes.filter((one) => 'error' in one || one.result.warnings.length > 0)).toEqual([]);
    expect((await web.cluster.status(ROOT)).damaged).toEqual([]);
    for (const name of [SECOND, ...REST]) expect(web.holdings()[name]).toBe(before[name]);
    expect(web.cluster.zone(REST.at(-1) as ZoneName, ROOT)?.owner).toBe('ann');
    expect(web.cluster.problems()).toEqual([]);
    await inSync();
  });

  test('and found empty by a restart: the same, and the zones are served here again', async () => {
    emptyZoneFolder(web);
    await web.stop();
    await web.start();
    expect((await web.cluster.status(ROOT)).damaged).toHaveLength(20);
    await web.cluster.checkDrift(undefined, ROOT);
    await allServed(ZONES, 1);
    for (const member of members) expect(Object.keys(member.holdings())).toHaveLength(20);
    expect(await web.served(SECOND)).toBeUndefined();
    await web.cluster.restoreFiles(ROOT);
    for (const name of ZONES) expect(await web.served(name)).toBe(1);
    await inSync();
  });

  test('of a member is filled again by the server that has the zones', async () => {
    const [ns1] = members;
    emptyZoneFolder(ns1);
    await ns1.stop();
    await ns1.start();
    expect(await ns1.served(FIRST)).toBeUndefined();
    await web.cluster.checkDrift(undefined, ROOT);
    await vi.waitFor(async () => {
      for (const name of ZONES) expect(await ns1.served(name)).toBe(1);
    }, SOON);
    expect((await ns1.cluster.status(ROOT)).damaged).toEqual([]);
  });

  test('waits for a member that has the lost version; where none has, the one before comes back, and that is said', async () => {
    await web.cluster.saveZone(FIRST, zoneText(2, '192.0.2.2'), ROOT);
    await inSync();
    const ids = web.cluster.members(ROOT).map(({ id }) => id);
    for (const member of members) await member.stop();
    emptyZoneFolder(web);
    await expect(web.cluster.restoreFile(FIRST, ROOT)).rejects.toMatchObject({ code: 'zone_held_there' });
    for (const id of ids) await web.cluster.removeMember(id, ROOT);
    const outcomes = await web.cluster.restoreFiles(ROOT);
    const brought = outcomes.flatMap((one) => ('error' in one ? [] : one.result));
    expect(brought).toMatchObject([{ zone: FIRST, serial: 3, warnings: [expect.stringContaining('the one before')] }]);
    for (const one of outcomes) if ('error' in one) expect(one.error.code).toBe('zone_not_kept');
    for (const member of members) await member.start();
  });
});
