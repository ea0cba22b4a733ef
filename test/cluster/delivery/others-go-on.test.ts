import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { zoneName } from '../../../src/zones/zone-name.js';
import { ClusterNode } from '../cluster-node.js';
import { ROOT, zoneNames, zoneText } from '../zone-texts.js';

const LONGEST = { timeout: 15_000, interval: 20 };
const POISON = zoneName('poison.example');

let web: ClusterNode;
let members: ClusterNode[];
/** Answers what a black hole was asked. */
let release: () => void = () => undefined;

beforeEach(async () => {
  const names = ['web', 'ns1', 'ns2', 'ns3', 'ns4'];
  const [first, ...others] = await Promise.all(names.map((name) => ClusterNode.start(name)));
  if (first === undefined) throw new Error('no node');
  web = first;
  members = others;
  for (const member of members) await web.add(member);
});
afterEach(async () => {
  release();
  release = () => undefined;
  await Promise.all([web, ...members].map((node) => node.end()));
});

const nodeOf = (name: string): ClusterNode => {
  const found = members.find((member) => member.name === name);
  if (found === undefined) throw new Error(`no node ${name}`);
  return found;
};

/** From now on this member takes connections and requests and answers none. */
function blackHole(member: ClusterNode): void {
  const held: (() => void)[] = [];
  member.intercept = (_call, _request, response) => {
    held.push(() => response.destroy());
    return true;
  };
  release = () => {
    member.intercept = () => false;
    for (const end of held) end();
  };
}

describe('with one member of four a black hole and a zone that another refuses', () => {
  test('the others get everything meanwhile, and those two get all the rest', async () => {
    const [ns1, ns2, ns3, ns4] = [nodeOf('ns1'), nodeOf('ns2'), nodeOf('ns3'), nodeOf('ns4')];
    blackHole(ns4);
    ns3.nameserver.refuses = (change) => change.name === POISON;
    const zones = [...zoneNames(200), POISON].map((name) => ({ name, text: zoneText(1) }));
    await web.cluster.zones.saveMany(zones, ROOT, { wait: 'local' });
    // One by one, too, as people change them.
    for (const zone of zoneNames(10)) await web.cluster.saveZone(zone, zoneText(2), ROOT, { wait: 'local' });
    const all = { pending: 0, zonesInSync: 201, state: 'online' };
    await vi.waitFor(() => {
      for (const member of [ns1, ns2]) expect(web.row(member)).toMatchObject(all);
      expect(web.row(ns3)).toMatchObject({ pending: 1, zonesInSync: 200 });
    }, LONGEST);
    expect(ns1.holdings()).toEqual(web.holdings());
    const { [POISON]: _, ...sound } = web.holdings();
    expect(ns3.holdings()).toEqual(sound);
    // Nothing of this waited for the black hole: it has answered nothing yet.
    expect(web.row(ns4)).toMatchObject({ zonesInSync: 0, pending: 201 });
    release();
    await vi.waitFor(() => expect(web.row(ns4)).toMatchObject(all), LONGEST);
    expect(ns4.holdings()).toEqual(web.holdings());
  }, 60_000);
});

describe('a zone that a member is told of and does not come to serve', () => {
  test('holds back no other zone there, and its own later change only until it is refused', async () => {
    const ns1 = nodeOf('ns1');
    await web.cluster.saveZone(POISON, zoneText(1), ROOT);
    const come = ns1.nameserver.holdLate((change) => change.name === POISON);
    await web.cluster.saveZone(POISON, zoneText(2, '192.0.2.2'), ROOT, { wait: 'local' });
    await vi.waitFor(() => expect(ns1.holdings()).not.toEqual({}), LONGEST);
    // More than calls may be on their way at a time.
    for (const zone of zoneNames(8)) {
      const saved = await web.cluster.saveZone(zone, zoneText(1), ROOT);
      expect(saved.members.find(({ hostname }) => hostname === 'ns1')).toMatchObject({ state: 'served' });
    }
    await web.cluster.saveZone(POISON, zoneText(3, '192.0.2.3'), ROOT, { wait: 'local' });
    expect(await ns1.served(POISON)).toBe(1);
    expect(web.row(ns1).pending).toBe(1);
    ns1.nameserver.refuses = (change) => change.kind === 'upsert' && change.serial === 2;
    come();
    await vi.waitFor(async () => expect(await ns1.served(POISON)).toBe(3), LONGEST);
    await vi.waitFor(() => expect(web.row(ns1)).toMatchObject({ pending: 0, zonesInSync: 9 }), LONGEST);
  });
});

describe('calls to a member that hang', () => {
  test('count as one failure where several fail together, and set no zone aside', async () => {
    const ns1 = nodeOf('ns1');
    const held: (() => void)[] = [];
    ns1.intercept = (call, _request, response) => {
      if (call !== 'synczones_local' || held.length >= 4) return false;
      held.push(() => response.writeHead(500).end());
      return true;
    };
    for (const [i, zone] of zoneNames(4).entries()) {
      await web.cluster.saveZone(zone, zoneText(1), ROOT, { wait: 'local' });
      await vi.waitFor(() => expect(held).toHaveLength(i + 1), LONGEST);
    }
    const failures: number[] = [];
    for (const fail of held) fail();
    await vi.waitFor(() => {
      failures.push(web.row(ns1).failures);
      expect(web.cluster.members.failures(ROOT).zones).toEqual([]);
      expect(web.row(ns1)).toMatchObject({ pending: 0, zonesInSync: 4, state: 'online' });
    }, LONGEST);
    expect(Math.max(...failures)).toBeLessThanOrEqual(1);
  });
});
