import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { zoneName } from '../../../src/zones/zone-name.js';
import { ClusterNode } from '../cluster-node.js';
import { reseller, ROOT, zoneText } from '../zone-texts.js';

const NAME = zoneName('a.example');

let web: ClusterNode;
let ns1: ClusterNode;
beforeEach(async () => {
  [web, ns1] = await Promise.all([ClusterNode.start('web'), ClusterNode.start('ns1')]);
});
afterEach(() => Promise.all([web, ns1].map((node) => node.end())));

describe('debug mode', () => {
  test('shows the last calls to a member and how it answered, without the token; and nothing where it is off', async () => {
    const invitation = await ns1.invitation('sync', ROOT);
    const { id } = await web.cluster.members.add({ ...invitation, debug: true }, ROOT);
    await web.cluster.saveZone(NAME, zoneText(5), ROOT);
    ns1.intercept = (call, _request, response) => {
      if (call !== 'synczones_local') return false;
      response.statusCode = 500;
      response.end(`no, ${invitation.token}!`);
      return true;
    };
    await web.cluster.saveZone(NAME, zoneText(6, '192.0.2.6'), ROOT);
    ns1.intercept = () => false;
    const calls = web.cluster.members.transactions(id, ROOT);
    expect(calls.some(({ call, answer }) => call === 'POST /scripts2/synczones_local' && /octets/.test(answer))).toBe(
      true,
    );
    expect(calls.find(({ answer }) => answer === 'failed')?.said).toContain('no, [token]!');
    expect(JSON.stringify(calls)).not.toContain(invitation.token);
    expect(web.cluster.members.transactions(id, reseller('ann'))).toEqual([]);
    await web.cluster.members.edit(id, { debug: false }, ROOT);
    expect(web.cluster.members.transactions(id, ROOT)).toEqual([]);
  });
});

describe('a member’s row', () => {
  test('has how long it took to answer the last checks, and where it did not', async () => {
    const { id } = await web.add(ns1, 'sync');
    expect(web.row(ns1)).not.toHaveProperty('latency');
    await web.cluster.members.test(id, ROOT);
    await ns1.stop();
    await expect(web.cluster.members.test(id, ROOT)).rejects.toThrow();
    await ns1.start();
    const { latency } = web.cluster.members.list(ROOT).find((member) => member.id === id) ?? {};
    expect(latency).toEqual([expect.any(Number), null]);
  });
});
