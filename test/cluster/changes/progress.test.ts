import { expect, test, vi } from 'vitest';
import { Progress } from '../../../src/cluster/changes/progress.js';
import { stepsOf } from '../../steps.js';
import { ClusterNode } from '../cluster-node.js';
import { reseller, ROOT, zoneNames, zoneText } from '../zone-texts.js';

const ann = reseller('ann');
const ZONES = 600;

/**
 * Steps of each question about zones and members, for root and a reseller, with so many zones here that wait for a
 * member of either. Half of the zones are the reseller's.
 */
async function stepsAmong(count: number): Promise<Record<string, number>> {
  const nodes = await Promise.all(['web', 'ns1', 'ns2'].map((name) => ClusterNode.start(name)));
  try {
    const [web, ns1, ns2] = nodes;
    if (web === undefined || ns1 === undefined || ns2 === undefined) throw new Error('three nodes were expected');
    await web.cluster.settings.change({ resellerNetworks: ['127.0.0.0/8'] }, ROOT);
    await web.add(ns1);
    await web.add(ns2, 'write-only', ann);
    const names = zoneNames(count);
    await Promise.all([ns1.stop(), ns2.stop()]);
    for (const by of [ROOT, ann]) {
      const theirs = names.filter((_, i) => (i % 2 === 1) === (by === ann));
      const zones = theirs.map((name) => ({ name, text: zoneText(1) }));
      await web.cluster.zones.saveMany(zones, by, { wait: 'local' });
    }
    expect(web.cluster.members.list(ROOT).map(({ pending }) => pending)).toEqual([count, count / 2]);
    await vi.waitFor(
      () => expect(web.cluster.members.list(ROOT).map(({ state }) => state)).toEqual(['failing', 'failing']),
      20_000,
    );
    const { cluster } = web;
    const hers = names.findLast((_, i) => i % 2 === 1) ?? names[1];
    if (hers === undefined) throw new Error('there is no zone of the reseller');
    const steps: Record<string, number> = { list: stepsOf(() => cluster.listZones(ann)) };
    for (const by of [ROOT, ann]) {
      steps[`${by.user}: a zone`] = stepsOf(() => {
        expect(cluster.zoneStates(hers, by)[0]?.state).toBe('pending');
      });
      steps[`${by.user}: a removal`] = stepsOf(() =>
        new Progress(cluster['parts'].workers).ofRemoval(hers, by, { holders: [] }),
      );
      steps[`${by.user}: the members`] = stepsOf(() => cluster.members.list(by));
      steps[`${by.user}: the failures`] = stepsOf(() => cluster.members.failures(by));
      steps[`${by.user}: the number of zones`] = stepsOf(() => cluster.zones.intactCount(by));
    }
    return steps;
  } finally {
    await Promise.all(nodes.map((node) => node.end()));
  }
}

test('how far a zone is and how members do is told without walking through the zones', async () => {
  const { list, ...others } = await stepsAmong(ZONES);
  // As many steps as a walk takes are seen.
  expect(list).toBeGreaterThanOrEqual(ZONES / 2);
  for (const [question, steps] of Object.entries(others)) expect(steps, question).toBeLessThan(ZONES / 6);
}, 60_000);
