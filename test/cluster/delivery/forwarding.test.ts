import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Role } from '../../../src/cluster/model/member.js';
import { zoneName } from '../../../src/zones/zone-name.js';
import { ClusterNode } from '../cluster-node.js';
import { ROOT, zoneNames, zoneText } from '../zone-texts.js';

const NAME = zoneName('a.example');
const WRITES = /^(synczones|savezone|quickzoneadd|removezones?)_local$/;

let nodes: ClusterNode[] = [];
let [web, ns1, ns2] = nodes as [ClusterNode, ClusterNode, ClusterNode];
beforeEach(async () => {
  nodes = await Promise.all(['web', 'ns1', 'ns2'].map((host) => ClusterNode.start(host)));
  [web, ns1, ns2] = nodes as [ClusterNode, ClusterNode, ClusterNode];
});
afterEach(() => Promise.all(nodes.map((node) => node.end())));

async function chain(...links: readonly [ClusterNode, ClusterNode][]): Promise<void> {
  const role: Role = 'sync';
  for (const [from, to] of links) await from.add(to, role);
}

const writesTo = (node: ClusterNode): number => node.calls.filter((call) => WRITES.test(call)).length;

/** Waits until no node has anything left to send. */
async function quiet(): Promise<void> {
  await vi.waitFor(() => {
    const pending = nodes.flatMap((node) => node.cluster.members.list(ROOT).map((member) => member.pending));
    expect(pending).toEqual(pending.map(() => 0));
  }, 10_000);
}

describe('a change in a chain of servers', () => {
  beforeEach(() => chain([web, ns1], [ns1, ns2]));

  test('is passed on to the last one: a zone, its edit, its removal, and many at once', async () => {
    await web.cluster.saveZone(NAME, zoneText(5), ROOT);
    await vi.waitFor(async () => expect(await ns2.served(NAME)).toBe(5));
    await web.cluster.saveZone(NAME, zoneText(6, '192.0.2.9'), ROOT);
    await vi.waitFor(async () => expect(await ns2.served(NAME)).toBe(6));
    const many = zoneNames(600);
    await web.cluster.zones.saveMany(
      many.map((name) => ({ name, text: zoneText(1) })),
      ROOT,
    );
    await web.cluster.removeZone(NAME, ROOT);
    await vi.waitFor(() => expect(Object.keys(ns2.holdings())).toHaveLength(600), 10_000);
    expect(ns2.holdings()).toEqual(web.holdings());
    expect(await ns2.served(NAME)).toBeUndefined();
  });

  test('says by which servers it came', async () => {
    const bodies: string[] = [];
    ns2.intercept = (call, request) => {
      request.on('data', (chunk: Buffer) => WRITES.test(call) && bodies.push(chunk.toString('latin1')));
      return false;
    };
    await web.cluster.saveZone(NAME, zoneText(5), ROOT);
    await vi.waitFor(() => expect(bodies.join('')).toMatch(/(^|&)hosts_seen=web%2Cns1&/));
  });
});

describe('a change in a ring of servers', () => {
  beforeEach(() => chain([web, ns1], [ns1, ns2], [ns2, web]));

  test('goes round once and ends, wherever it began', async () => {
    await web.cluster.saveZone(NAME, zoneText(5), ROOT);
    await vi.waitFor(async () => expect(await ns2.served(NAME)).toBe(5));
    await quiet();
    expect([writesTo(web), writesTo(ns1), writesTo(ns2)]).toEqual([0, 1, 1]);
    await ns2.cluster.saveZone(NAME, zoneText(6), ROOT);
    await vi.waitFor(async () => expect(await ns1.served(NAME)).toBe(6));
    await quiet();
    await web.cluster.removeZone(NAME, ROOT);
    await vi.waitFor(async () => expect(await ns2.served(NAME)).toBeUndefined());
    await quiet();
    expect(nodes.map((node) => node.holdings())).toEqual([{}, {}, {}]);
    expect([writesTo(web), writesTo(ns1), writesTo(ns2)]).toEqual([1, 3, 2]);
  });

  test('with a slow server in it never brings an older version back over a newer one', async () => {
    const release = ns2.nameserver.hold();
    const save = (serial: number): Promise<unknown> =>
      web.cluster.saveZone(NAME, zoneText(serial, `192.0.2.${serial}`), ROOT, { wait: 'local' });
    await save(1);
    await vi.waitFor(() => expect(writesTo(ns2)).toBe(1));
    for (let serial = 2; serial <= 20; serial++) await save(serial);
    release();
    await vi.waitFor(async () => expect(await ns2.served(NAME)).toBe(20), 10_000);
    await quiet();
    expect(web.cluster.zones.get(NAME, ROOT)?.serial).toBe(20);
    expect(new Set(nodes.map((node) => JSON.stringify(node.holdings()))).size).toBe(1);
  });

  test('keeps going after a restart in it: nothing is sent again', async () => {
    await web.cluster.saveZone(NAME, zoneText(5), ROOT);
    await vi.waitFor(async () => expect(await ns2.served(NAME)).toBe(5));
    await quiet();
    await ns2.stop();
    await ns2.start();
    await quiet();
    expect(writesTo(web)).toBe(0);
  });
});
