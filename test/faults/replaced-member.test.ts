import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FaultyCluster } from './faulty-cluster.js';
import type { FaultyNode } from './faulty-node.js';
import { mayIsolate } from './network.js';

const SOON = { timeout: 60_000, interval: 100 };
const ZONES = 12;

describe.skipIf(!mayIsolate())('a member', () => {
  let cluster: FaultyCluster;
  let web: FaultyNode;
  let ns1: FaultyNode;
  beforeEach(async () => {
    cluster = await FaultyCluster.start(1, 1, { clock: false });
    [web, ns1] = [...cluster.webs, ...cluster.nameservers] as [FaultyNode, FaultyNode];
    for (let i = 0; i < ZONES; i++) await cluster.save(web, `zone-${i}.example`, { wait: 'served' });
  });
  afterEach(async () => {
    const { violations } = cluster.watch;
    await cluster.close();
    expect(violations).toEqual([]);
  });

  const sameZones = (): Promise<void> =>
    vi.waitFor(async () => expect(await ns1.zones()).toEqual(await web.zones()), SOON);
  /** Stopped, without something of its own, and started again. */
  const startWithout = async (what: 'everything' | 'zones' | 'certificate'): Promise<void> => {
    await ns1.kill();
    if (what !== 'certificate') await cluster.watch.emptied(ns1.name);
    ns1.lose(what);
    await ns1.start();
  };

  test('that shows another certificate gets nothing, and both fingerprints are said, until it is accepted', async () => {
    const accepted = ns1.fingerprint;
    await startWithout('certificate');
    expect(ns1.fingerprint).not.toBe(accepted);
    const { members } = await web.api<{ members: { state: string; reason: string }[] }>('savezone', {
      ...{ zone: 'zone-0.example', zonedata: (await web.zones()).get('zone-1.example') ?? '' },
    });
    expect(members).toMatchObject([{ state: 'pending' }]);
    const { lastFailure, state } = await cluster.row(web, ns1);
    expect(state).toBe('failing');
    for (const fingerprint of [accepted, ns1.fingerprint]) expect(lastFailure).toContain(fingerprint);
    await expect(ns1.zones()).resolves.not.toEqual(await web.zones());

    await web.api('editmember', { member: (await cluster.row(web, ns1)).id, fingerprint: ns1.fingerprint });
    await sameZones();
    await vi.waitFor(
      async () => expect(await cluster.row(web, ns1)).toMatchObject({ state: 'online', pending: 0 }),
      SOON,
    );
  });

  test('that was replaced by an empty server is refilled as soon as that one is accepted', async () => {
    await startWithout('everything');
    expect((await ns1.zones()).size).toBe(0);
    const { id } = await cluster.row(web, ns1);
    await expect(web.api('testmember', { member: id })).rejects.toThrow(ns1.fingerprint);
    await cluster.accept(web, ns1);
    await sameZones();
  });

  test('that lost its zones is found by the drift check, and refilled', async () => {
    await startWithout('zones');
    expect((await ns1.zones()).size).toBe(0);
    const { report } = await web.api<{ report: { found: number; differences: object[] }[] }>('checkdrift');
    expect(report).toMatchObject([{ found: ZONES }]);
    expect(report[0]?.differences[0]).toMatchObject({ kind: 'missing', repaired: 'It is sent again.' });
    await sameZones();
    const again = await web.api<{ report: { found: number }[] }>('checkdrift');
    expect(again.report).toMatchObject([{ found: 0 }]);
  });
});
