import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SynchronizeJobs } from '../../../src/cluster/changes/synchronize-job.js';
import { ClusterNode } from '../cluster-node.js';
import { reseller, ROOT, zoneNames, zoneText } from '../zone-texts.js';
import type { SynchronizeProgress } from '../../../src/cluster/model/results.js';

const ALL = { direction: 'all', unconfigured: true, plan: false } as const;
const RESULT = { newer: [], taken: [], unreachable: [], resent: 0 };

describe('a synchronization that goes on by itself', () => {
  let web: ClusterNode;
  let ns1: ClusterNode;
  beforeEach(async () => {
    [web, ns1] = await Promise.all([ClusterNode.start('web'), ClusterNode.start('ns1')]);
  });
  afterEach(() => Promise.all([web, ns1].map((node) => node.end())));

  test('takes what is newer, sends everything, and tells how far it is all the way', async () => {
    const names = zoneNames(600);
    await ns1.cluster.zones.saveMany(
      names.map((name) => ({ name, text: zoneText(9) })),
      ROOT,
    );
    await web.add(ns1, 'sync');
    const job = await web.cluster.synchronize.start(ALL, ROOT);
    const seen: SynchronizeProgress[] = [];
    job.watch(() => seen.push(job.progress));
    await job.over;
    expect(job).toMatchObject({ state: 'done', result: { unreachable: [] } });
    expect(job.result?.taken).toHaveLength(600);
    expect(web.holdings()).toEqual(ns1.holdings());
    expect(seen).toContainEqual({ phase: 'asking', done: 600, total: 600 });
    expect(seen).toContainEqual({ phase: 'taking', done: 600, total: 600 });
    expect(seen.at(-1)).toMatchObject({ phase: 'sending' });
  });

  test('that is cancelled begins nothing more, and what is done stays done', async () => {
    const names = zoneNames(300);
    await ns1.cluster.zones.saveMany(
      names.map((name) => ({ name, text: zoneText(9) })),
      ROOT,
    );
    await web.add(ns1, 'sync');
    const job = await web.cluster.synchronize.start(ALL, ROOT);
    job.watch(() => {
      if (job.progress.phase === 'taking' && job.progress.done >= 10) job.cancel();
    });
    await job.over;
    expect(job.state).toBe('cancelled');
    const taken = job.result?.taken.length ?? 0;
    expect(taken).toBeGreaterThanOrEqual(10);
    expect(taken).toBeLessThan(300);
    expect(Object.keys(web.holdings())).toHaveLength(taken);
  });

  test('is found again by who began it, and by root', async () => {
    const job = await web.cluster.synchronize.start({ ...ALL, plan: true }, reseller('ann'));
    await job.over;
    expect(web.cluster.synchronize.job(job.id, reseller('ann'))).toBe(job);
    expect(web.cluster.synchronize.job(job.id, ROOT)).toBe(job);
    expect(web.cluster.synchronize.job(job.id, reseller('bob'))).toBeUndefined();
  });

  test('waits no longer than something goes on, where a member stops answering', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    try {
      let looks = 0;
      const jobs = new SynchronizeJobs({
        run: () => Promise.resolve(RESULT),
        waiting: () => {
          vi.advanceTimersByTime(10_000);
          looks++;
          return 7;
        },
      });
      const job = jobs.start(ALL, ROOT);
      await job.over;
      expect(job.state).toBe('done');
      expect(looks).toBeLessThan(8);
    } finally {
      vi.useRealTimers();
    }
  });

  test('only the last ones are kept, but for those that run', async () => {
    const jobs = new SynchronizeJobs({ run: () => Promise.resolve(RESULT), waiting: () => 0 });
    const first = jobs.start(ALL, ROOT);
    await first.over;
    for (let i = 0; i < 30; i++) await jobs.start(ALL, ROOT).over;
    expect(jobs.get(first.id)).toBeUndefined();
    await jobs.stop();
  });
});
