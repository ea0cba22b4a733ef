import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { compareSerials } from '../../../src/dns/serial.js';
import { zoneName, type ZoneName } from '../../../src/zones/zone-name.js';
import { ClusterNode } from '../cluster-node.js';
import { ROOT, zoneText } from '../zone-texts.js';
import type { ChangeResult } from '../../../src/cluster/model/results.js';

const [OLD, EDITED, GONE, MADE] = ['old', 'edited', 'gone', 'made'].map((name) => zoneName(`${name}.example`)) as [
  ZoneName,
  ZoneName,
  ZoneName,
  ZoneName,
];
const SOON = { timeout: 20_000 };
const NEWER = '192.0.2.9';
const REASON =
  /^web sent serial .* before and does not know of it now: it was set back .*or a second server runs under its name/;

let web: ClusterNode;
let members: [ClusterNode, ClusterNode];
let image: string;
/** The highest serial that each zone was seen with at a member. */
let highest: Map<string, number>;
beforeEach(async () => {
  image = mkdtempSync(join(tmpdir(), 'image-'));
  highest = new Map();
  const [first, ...others] = await Promise.all(['web', 'ns1', 'ns2'].map((name) => ClusterNode.start(name)));
  [web, members] = [first as ClusterNode, others as [ClusterNode, ClusterNode]];
  for (const member of members) await web.add(member);
  for (const zone of [OLD, EDITED, GONE]) await web.cluster.saveZone(zone, zoneText(1), ROOT);
  await inSync(web);
  // What a snapshot of the disk has, or a backup of last week.
  const release = await web.cluster.holdFiles();
  cpSync(join(web.folder, 'data'), image, { recursive: true });
  release();
  await web.cluster.saveZone(EDITED, zoneText(9, NEWER), ROOT);
  await web.cluster.saveZone(MADE, zoneText(5, NEWER), ROOT);
  await web.cluster.removeZone(GONE, ROOT);
  await inSync(web);
  await lookAtSerials();
});
afterEach(async () => {
  await lookAtSerials();
  await Promise.all([web, ...members].map((node) => node.end()));
  rmSync(image, { recursive: true, force: true });
});

function inSync(node: ClusterNode): Promise<void> {
  return vi.waitFor(() => {
    for (const member of members) expect(member.holdings()).toEqual(node.holdings());
  }, SOON);
}

/** No member goes back, and none loses a zone. */
async function lookAtSerials(): Promise<void> {
  for (const member of members) {
    for (const zone of [OLD, EDITED, MADE]) {
      const serial = (await member.served(zone)) ?? -1;
      const key = `${zone} at ${member.name}`;
      const before = highest.get(key);
      if (before !== undefined) expect(compareSerials(serial, before), key).toBeGreaterThanOrEqual(0);
      if (serial >= 0 || before !== undefined) highest.set(key, serial);
    }
  }
}

/** The same server once more, from the image. */
async function fromImage(node: ClusterNode): Promise<void> {
  await node.stop();
  rmSync(join(node.folder, 'data'), { recursive: true });
  cpSync(image, join(node.folder, 'data'), { recursive: true });
  await node.start();
}

async function textsAt(zone: ZoneName): Promise<string[]> {
  return Promise.all(members.map(async (member) => (await member.cluster.zones.text(zone, ROOT)).toString()));
}

function expectRefused({ members: states }: ChangeResult): void {
  expect(states.map(({ state }) => state)).toEqual(['failed', 'failed']);
  for (const { reason } of states) expect(reason).toMatch(REASON);
}

const driftOf = (node: ClusterNode): unknown[] =>
  node.cluster.drift
    .reports(ROOT)
    .map(({ differences }) => differences.map(({ zone, kind, newer }) => [zone, kind, newer]).sort());

describe('a server that was set back to an image of last week', () => {
  beforeEach(() => fromImage(web));

  test('changes nothing by starting, and its edit replaces no newer copy, whatever its serial: it is refused, and shown', async () => {
    const before = members.map((member) => member.holdings());
    for (const serial of [2, 8, 4_000]) expectRefused(await web.cluster.saveZone(EDITED, zoneText(serial), ROOT));
    expectRefused(await web.cluster.saveZone(MADE, zoneText(1), ROOT));
    expect(members.map((member) => member.holdings())).toEqual(before);
    const met = [
      [EDITED, 'set_back', 'there'],
      [MADE, 'set_back', 'there'],
    ];
    expect(driftOf(web)).toEqual([met, met]);
    expect(web.cluster.problems().filter(({ key }) => key.startsWith('drift '))).toHaveLength(2);
    // A look at the members does not take it for older there; what was removed since is refused there when it is sent
    // again.
    await web.cluster.drift.check(undefined, ROOT);
    const [edited, made] = met;
    const looked = [edited, [GONE, 'missing', 'here'], made];
    expect(driftOf(web)).toEqual([looked, looked]);
    await vi.waitFor(() =>
      expect(web.cluster.zoneStates(GONE, ROOT).map(({ state }) => state)).toEqual(['failed', 'failed']),
    );
    expect(members.map((member) => member.holdings())).toEqual(before);
    // What is the same everywhere can be changed.
    const { members: states } = await web.cluster.saveZone(OLD, zoneText(2), ROOT);
    expect(states.map(({ state }) => state)).toEqual(['served', 'served']);
  });

  test('takes the newer copy where somebody decides so, and all are the same again', async () => {
    expectRefused(await web.cluster.saveZone(EDITED, zoneText(4_000), ROOT));
    const [first] = await web.cluster.drift.check(undefined, ROOT);
    const outcomes = await web.cluster.drift.resolve(first?.member ?? '', [EDITED, MADE], 'take', ROOT);
    expect(outcomes.filter((one) => 'error' in one)).toEqual([]);
    await web.cluster.removeZone(GONE, ROOT);
    await inSync(web);
    for (const text of await textsAt(EDITED)) expect(text).toContain(NEWER);
    const again = await web.cluster.drift.check(undefined, ROOT);
    expect(again.map(({ found }) => found)).toEqual([0, 0]);
    expect(web.cluster.problems()).toEqual([]);
  });

  test('sends its own above the newer copy where somebody decides so', async () => {
    expectRefused(await web.cluster.saveZone(EDITED, zoneText(2, '192.0.2.2'), ROOT));
    for (const { member } of web.cluster.drift.reports(ROOT))
      await web.cluster.drift.resolve(member, [EDITED], 'send', ROOT);
    await vi.waitFor(async () => {
      for (const text of await textsAt(EDITED)) expect(text).toContain('192.0.2.2');
    }, SOON);
    for (const member of members) expect(await member.served(EDITED)).toBeGreaterThan(9);
  });
});

describe('a second server that runs from an old image under the name of the first', () => {
  let second: ClusterNode;
  beforeEach(async () => {
    second = await ClusterNode.start('web');
    await fromImage(second);
  });
  afterEach(() => second.end());

  test('is refused with the reason what is older than what the first gave; no member loses a zone, and the first goes on', async () => {
    const before = members.map((member) => member.holdings());
    await second.cluster.drift.check(undefined, ROOT);
    expectRefused(await second.cluster.saveZone(EDITED, zoneText(10), ROOT));
    expectRefused(await second.cluster.saveZone(MADE, zoneText(10), ROOT));
    // What was removed since is found missing there, and refused when it is sent again.
    const [state] = second.cluster.zoneStates(GONE, ROOT);
    expect(state?.reason).toMatch(/was removed by .* and this version is not newer/);
    expect(members.map((member) => member.holdings())).toEqual(before);

    const next = await web.cluster.saveZone(EDITED, zoneText(10, '192.0.2.10'), ROOT);
    expect(next.members.map(({ state }) => state)).toEqual(['served', 'served']);
  });

  test('and changes what was the same at both: the one who changes it later is told, and replaces nothing', async () => {
    const theirs = await second.cluster.saveZone(OLD, zoneText(2, '192.0.2.22'), ROOT);
    expect(theirs.members.map(({ state }) => state)).toEqual(['served', 'served']);
    expectRefused(await web.cluster.saveZone(OLD, zoneText(2, '192.0.2.11'), ROOT));
    expectRefused(await web.cluster.saveZone(OLD, zoneText(50, '192.0.2.11'), ROOT));
    for (const text of await textsAt(OLD)) expect(text).toContain('192.0.2.22');
    expect(driftOf(web)).toEqual([[[OLD, 'set_back', 'there']], [[OLD, 'set_back', 'there']]]);
  });
});

test('a member whose answer was lost has a version that this server knows: what follows replaces it', async () => {
  const [ns1] = members;
  // It takes the zone, and its answer does not come.
  ns1.intercept = (call, _, response) => {
    if (call === 'synczones_local') response.end = (() => response.destroy()) as typeof response.end;
    return false;
  };
  await web.cluster.saveZone(OLD, zoneText(2, '192.0.2.2'), ROOT, { timeout: 1_000 });
  await vi.waitFor(async () => expect(await ns1.served(OLD)).toBe(2), SOON);
  ns1.intercept = (_, __, response) => {
    response.destroy();
    return true;
  };
  await web.cluster.saveZone(OLD, zoneText(3, '192.0.2.3'), ROOT, { timeout: 1_000 });
  ns1.intercept = () => false;
  await vi.waitFor(async () => expect(await ns1.served(OLD)).toBe(3), SOON);
  await inSync(web);
  expect(web.cluster.drift.reports(ROOT)).toEqual([]);
});

test('a member that was removed, and is added again when much was changed, gets everything without a question', async () => {
  const [ns1] = members;
  await web.cluster.members.remove(web.row(ns1).id, ROOT);
  for (let serial = 10; serial < 75; serial++) {
    await web.cluster.saveZone(EDITED, zoneText(serial, `192.0.2.${serial}`), ROOT, { wait: 'local' });
  }
  await web.add(ns1);
  await inSync(web);
  expect(web.cluster.drift.reports(ROOT)).toEqual([]);
});
