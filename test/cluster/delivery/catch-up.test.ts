import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { RemovalBrake } from '../../../src/cluster/delivery/removal-brake.js';
import { zoneName } from '../../../src/zones/zone-name.js';
import { ClusterNode } from '../cluster-node.js';
import { ROOT, zoneNames, zoneText } from '../zone-texts.js';

let web: ClusterNode;
let ns1: ClusterNode;
beforeEach(async () => {
  [web, ns1] = await Promise.all([ClusterNode.start('web'), ClusterNode.start('ns1')]);
});
afterEach(() => Promise.all([web, ns1].map((node) => node.end())));

const saveAll = (count: number): Promise<unknown> =>
  web.cluster.zones.saveMany(
    zoneNames(count).map((name) => ({ name, text: zoneText(1) })),
    ROOT,
  );
const held = (): number => Object.keys(ns1.holdings()).length;

describe('a run of removals', () => {
  test.each([
    [10, 10, false],
    [11, 11, true],
    [11, 36, true],
    [11, 37, false],
    [30, 100, false],
    [31, 100, true],
    [300, 100_000, false],
  ])('of %i of %i zones is held: %s', (removals, zones, expected) => {
    const brake = new RemovalBrake();
    for (const name of zoneNames(removals)) brake.add(name);
    expect(brake.heldBack(zones).size).toBe(expected ? removals : 0);
  });

  test('is one run, however slowly it comes within ten minutes', () => {
    const brake = new RemovalBrake();
    const names = zoneNames(40);
    let zones = 100;
    let now = 0;
    const removed = names.filter((name) => {
      now += 15_000;
      brake.add(name);
      const isHeld = brake.heldBack(zones, now).has(name);
      brake.delete(name);
      if (isHeld) return false;
      brake.removed(name, now);
      zones--;
      return true;
    });
    expect(removed).toHaveLength(30);
    for (const name of names.slice(30, 31)) brake.add(name);
    expect(brake.heldBack(zones, now + 600_000).size).toBe(0);
  });

  test('that would take much from a member stops until somebody allows it; other changes go on', async () => {
    await saveAll(30);
    const { id } = await web.add(ns1);
    await vi.waitFor(() => expect(held()).toBe(30));
    await vi.waitFor(() => expect(web.row(ns1).pending).toBe(0));
    await web.cluster.zones.removeMany(zoneNames(11), ROOT, { timeout: 2_000 });
    expect(web.row(ns1).removalsHeld).toMatchObject({ count: 11 });
    const { members } = await web.cluster.saveZone(zoneName('new.example'), zoneText(1), ROOT);
    expect(members).toMatchObject([{ state: 'served' }]);
    expect(held()).toBeGreaterThanOrEqual(21);
    expect(await ns1.served(zoneName('zone-10.example'))).toBe(1);
    // One that is brought back is no removal any more.
    await web.cluster.removed.restore(zoneName('zone-10.example'), ROOT);
    await web.cluster.members.allowRemovals(id, ROOT);
    await vi.waitFor(() => expect(ns1.holdings()).toEqual(web.holdings()));
    expect(web.row(ns1).removalsHeld).toBeUndefined();
  });
});

describe('what a member missed', () => {
  test('comes in order of need: removals first, then the newest changes', async () => {
    await saveAll(40);
    const { id } = await web.add(ns1);
    await vi.waitFor(() => expect(web.row(ns1).pending).toBe(0));
    await web.cluster.members.disable(id, ROOT);
    const [removed = zoneName('x'), ...others] = zoneNames(40);
    const edited = others.slice(0, 20);
    for (const name of edited) await web.cluster.saveZone(name, zoneText(2, '192.0.2.2'), ROOT, { wait: 'local' });
    await web.cluster.removeZone(removed, ROOT, { wait: 'local' });
    const loaded: string[] = [];
    const apply = ns1.nameserver.apply.bind(ns1.nameserver);
    ns1.nameserver.apply = (changes) => {
      loaded.push(...changes.map(({ name }) => name));
      return apply(changes);
    };
    await web.cluster.members.enable(id, ROOT);
    await vi.waitFor(() => expect(web.row(ns1).pending).toBe(0), 10_000);
    expect(ns1.holdings()).toEqual(web.holdings());
    // The removal and the saves are in one batch: of the saves the newest was sent first.
    expect(loaded.filter((name) => name !== removed)).toEqual(edited.reverse());
  });
});
