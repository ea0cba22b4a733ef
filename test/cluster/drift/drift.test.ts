import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { DriftKind, DriftReport } from '../../../src/cluster/model/drift-kinds.js';
import { formPairs } from '../../../src/wire-format/form-pairs.js';
import { formatOutcomes, OUR_HEADER } from '../../../src/wire-format/outcome-lines.js';
import { zoneOfKey } from '../../../src/wire-format/zone-bundle.js';
import { validateZone } from '../../../src/zones/validation.js';
import { zoneName, type ZoneName } from '../../../src/zones/zone-name.js';
import { ClusterNode } from '../cluster-node.js';
import { ROOT, zoneNames } from '../zone-texts.js';

/** As the original's servers, which do not say whose a zone is. */
const BY_OTHERS = { sender: { hostsSeen: [] } };

let nodes: ClusterNode[] = [];
let web: ClusterNode;
const start = async (...members: string[]): Promise<ClusterNode[]> => {
  nodes = await Promise.all(['web', ...members].map((host) => ClusterNode.start(host)));
  const [first, ...others] = nodes as [ClusterNode, ...ClusterNode[]];
  web = first;
  return others;
};
afterEach(() => Promise.all(nodes.map((node) => node.end())));

/** A hosting zone in small, with what a drift can be in; signed where asked. */
function driftText(serial: number, { address = '192.0.2.1', ns = 'ns1.example.net.', key = false } = {}): Buffer {
  const dnskey = key
    ? '@ DNSKEY 257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ==\n'
    : '';
  return Buffer.from(
    `$TTL 60\n@ SOA ns1.example.net. h.example.net. ${serial} 1 1 1 1\n@ NS ${ns}\n${dnskey}www A ${address}\n` +
      `@ MX 10 mail\nmail A 192.0.2.8\n*.wild TXT "any"\nsub NS ns.sub\nns.sub A 192.0.2.53\n`,
  );
}

/** What its nameserver answers from now on, whatever its files say. */
async function serve(node: ClusterNode, name: ZoneName, octets: Buffer): Promise<void> {
  const { zone, serial } = validateZone(name, octets);
  await node.nameserver.apply([
    { kind: 'upsert', name, file: '/nowhere', serial, isNew: false, records: zone.records },
  ]);
}

/** Lets the member say that it took what it did not take. */
async function liesAbout(node: ClusterNode, work: () => Promise<unknown>): Promise<void> {
  node.intercept = (call, request: IncomingMessage, response: ServerResponse) => {
    if (call !== 'synczones_local') return false;
    void text(request).then(async (body) => {
      const outcomes: Parameters<typeof formatOutcomes>[0][number][] = [];
      for await (const { key, value } of formPairs([Buffer.from(body)], 1e8)) {
        const name = zoneOfKey(key);
        if (name === undefined) continue;
        const { serial, digest } = validateZone(zoneName(name), value);
        outcomes.push({ name, outcome: 'saved', serial, digest });
      }
      response.setHeader(OUR_HEADER, '0');
      response.end(formatOutcomes(outcomes, node.name));
    });
    return true;
  };
  await work();
  await vi.waitFor(() => expect(web.row(node).pending).toBe(0));
  node.intercept = () => false;
}

const inSync = (): Promise<void> =>
  vi.waitFor(() => {
    for (const { pending } of web.cluster.members.list(ROOT)) expect(pending).toBe(0);
  }, 30_000);
const kindsOf = ({ differences }: DriftReport): [string, DriftKind][] =>
  differences.map(({ zone, kind }): [string, DriftKind] => [zone, kind]).sort();
const reportOf = (node: ClusterNode, reports: readonly DriftReport[]): DriftReport => {
  const found = reports.find(({ hostname }) => hostname === node.name);
  if (found === undefined) throw new Error(`no report of ${node.name}`);
  return found;
};
const save = (node: ClusterNode, name: ZoneName, octets: Buffer, options = {}): Promise<unknown> =>
  node.cluster.saveZone(name, octets, ROOT, { wait: 'local', ...options });

describe('the drift check', () => {
  test('finds 40 planted differences of all kinds among 1,000 zones on 4 members, and invents none', async () => {
    const members = await start('ns1', 'ns2', 'ns3', 'ns4');
    const names = zoneNames(1_000);
    await web.cluster.zones.saveMany(
      names.map((name, i) => ({ name, text: driftText(5, { key: i % 100 === 8 }) })),
      ROOT,
      { wait: 'local' },
    );
    for (const node of members) await web.add(node);
    await inSync();
    const clean = await web.cluster.drift.check(undefined, ROOT);
    expect(clean.map(kindsOf)).toEqual([[], [], [], []]);
    expect(clean.map(({ by, compared, askedWhole }) => [by, compared, askedWhole])).toEqual(
      members.map(() => ['digests', 1_000, 1_000]),
    );

    const planted = new Map<ClusterNode, [string, DriftKind][]>();
    for (const [at, node] of members.entries()) {
      const mine = names.slice(at * 100, at * 100 + 10) as [ZoneName, ...ZoneName[]];
      const zone = (i: number): ZoneName => mine[i] ?? mine[0];
      const extra = zoneName(`extra-${at}.example`);
      await node.cluster.removeZone(zone(0), ROOT, { evenOfOthers: true, wait: 'local' });
      await liesAbout(node, () => web.cluster.saveZone(zone(1), driftText(6), ROOT, { wait: 'local' }).then(inSync));
      await save(node, zone(2), driftText(100), BY_OTHERS);
      await liesAbout(node, () => save(web, zone(3), driftText(7)).then(inSync));
      await save(node, zone(3), driftText(7, { address: '192.0.2.77' }), BY_OTHERS);
      await save(node, extra, driftText(5), { sender: { hostsSeen: [], claimed: { server: 'web', epoch: 0 } } });
      await node.nameserver.apply([{ kind: 'remove', name: zone(4) }]);
      await serve(node, zone(5), driftText(4));
      await serve(node, zone(6), driftText(5, { ns: 'ns9.example.net.' }));
      await serve(node, zone(7), driftText(5, { address: '192.0.2.66' }));
      await serve(node, zone(8), driftText(5));
      planted.set(node, [
        [zone(0), 'missing'],
        [zone(1), 'stale'],
        [zone(2), 'ahead'],
        [zone(3), 'edited'],
        [extra, 'extra'],
        [zone(4), 'not_served'],
        [zone(5), 'served_stale'],
        [zone(6), 'wrong_ns'],
        [zone(7), 'wrong_data'],
        [zone(8), 'unsigned'],
      ]);
    }
    const reports = await web.cluster.drift.check(undefined, ROOT);
    for (const node of members) expect(kindsOf(reportOf(node, reports))).toEqual(planted.get(node)?.sort());
    expect(reports.map(({ incomplete }) => incomplete)).toEqual([undefined, undefined, undefined, undefined]);
    // What was lost is sent again by itself; the rest is settled by a decision.
    await inSync();
    for (const node of members) {
      const { member, differences } = reportOf(node, reports);
      const left = differences.filter(({ repaired }) => repaired === undefined);
      expect(left).toHaveLength(8);
      const extras = left.filter(({ kind }) => kind === 'extra').map(({ zone }) => zone);
      const others = left.filter(({ kind }) => kind !== 'extra').map(({ zone }) => zone);
      const outcomes = [
        ...(await web.cluster.drift.resolve(member, others, 'send', ROOT)),
        ...(await web.cluster.drift.resolve(member, extras, 'remove', ROOT)),
      ];
      expect(outcomes.filter((one) => 'error' in one)).toEqual([]);
    }
    await inSync();
    expect((await web.cluster.drift.check(undefined, ROOT)).map(kindsOf)).toEqual([[], [], [], []]);
    for (const node of members) expect(node.holdings()).toEqual(web.holdings());
  }, 180_000);

  test('says nothing of zones that are on their way', async () => {
    const [ns1] = (await start('ns1')) as [ClusterNode];
    await save(web, zoneName('a.example'), driftText(5));
    const { id } = await web.add(ns1);
    await inSync();
    await web.cluster.members.disable(id, ROOT);
    await save(web, zoneName('a.example'), driftText(6));
    await save(web, zoneName('b.example'), driftText(6));
    const [report] = await web.cluster.drift.check(id, ROOT);
    expect(report).toMatchObject({ compared: 0, found: 0 });
  });

  test('of a member that is down says so, and finds nothing', async () => {
    const [ns1] = (await start('ns1')) as [ClusterNode];
    await save(web, zoneName('a.example'), driftText(5));
    const { id } = await web.add(ns1);
    await inSync();
    await ns1.stop();
    const [report] = await web.cluster.drift.check(id, ROOT);
    expect(report).toMatchObject({ found: 0, incomplete: expect.stringContaining('127.0.0.1') as string });
  });

  test('of a member that gets no changes says that there is nothing to compare, and not that it is unknown', async () => {
    const [ns1] = (await start('ns1')) as [ClusterNode];
    const { id } = await web.add(ns1, 'standalone');
    for (const asked of [web.cluster.drift.check(id, ROOT), web.cluster.drift.resolve(id, [], 'take', ROOT)]) {
      await expect(asked).rejects.toMatchObject({
        code: 'member_not_written',
        message: expect.stringContaining('ns1') as string,
      });
    }
    await expect(web.cluster.drift.check('nobody', ROOT)).rejects.toMatchObject({ code: 'member_unknown' });
  });

  test('takes what is there, where somebody decides so', async () => {
    const [ns1] = (await start('ns1')) as [ClusterNode];
    const name = zoneName('a.example');
    await save(web, name, driftText(5));
    const { id } = await web.add(ns1);
    await inSync();
    await save(ns1, name, driftText(100, { address: '192.0.2.99' }), BY_OTHERS);
    const [report] = await web.cluster.drift.check(id, ROOT);
    expect(report?.differences).toMatchObject([{ kind: 'ahead', here: 5, there: 100, newer: 'there' }]);
    await web.cluster.drift.resolve(id, [name], 'take', ROOT);
    expect((await web.cluster.zones.text(name, ROOT)).toString()).toContain('192.0.2.99');
    await inSync();
    expect(ns1.holdings()).toEqual(web.holdings());
    const [error] = await web.cluster.drift.resolve(id, [name], 'take', ROOT);
    expect(error).toMatchObject({ error: { code: 'difference_unknown' } });
  });

  test('finds that another server has the zone there', async () => {
    const [ns1, web2] = (await start('ns1', 'web2')) as [ClusterNode, ClusterNode];
    const name = zoneName('a.example');
    await save(web, name, driftText(5));
    const { id } = await web.add(ns1);
    await web2.add(ns1);
    await inSync();
    await save(web2, name, driftText(50));
    await vi.waitFor(async () => expect(await ns1.served(name)).toBe(50));
    const [report] = await web.cluster.drift.check(id, ROOT);
    expect(report?.differences).toMatchObject([{ kind: 'other', detail: 'It has the zone from web2.' }]);
  });

  test('removes again what a member brought back that was set to an old state', async () => {
    const [ns1] = (await start('ns1')) as [ClusterNode];
    const name = zoneName('a.example');
    await save(web, name, driftText(5));
    await web.add(ns1);
    await inSync();
    await web.cluster.removeZone(name, ROOT);
    expect(await ns1.served(name)).toBeUndefined();
    await save(ns1, name, driftText(9), { sender: { hostsSeen: [], claimed: { server: 'web', epoch: 0 } } });
    const [report] = await web.cluster.drift.check(undefined, ROOT);
    expect(report?.differences).toMatchObject([
      { kind: 'extra', repaired: expect.stringContaining('removed') as string },
    ]);
    await vi.waitFor(async () => expect(await ns1.served(name)).toBeUndefined());
  });
});
