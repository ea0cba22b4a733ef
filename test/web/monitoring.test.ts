import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { SELF } from '../../src/access/principal.js';
import type { Cluster } from '../../src/cluster/cluster.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { ApiServer } from './api-server.js';
import { scratchCluster } from '../cluster/lone-cluster.js';
import { memberRow } from './member-rows.js';

let cluster: Cluster;
let end: () => Promise<void>;
let api: ApiServer;
beforeAll(async () => {
  ({ cluster, end } = await scratchCluster());
  api = await ApiServer.start(cluster);
});
afterEach(() => vi.restoreAllMocks());
afterAll(async () => {
  await api.stop();
  await end();
});

async function get(path: string, authorization?: string): Promise<{ status: number; text: string; type: string }> {
  const headers = authorization === undefined ? {} : { authorization };
  const answer = await fetch(`http://127.0.0.1:${api.port}${path}`, { headers });
  return { status: answer.status, text: await answer.text(), type: answer.headers.get('content-type') ?? '' };
}

describe('the metrics', () => {
  test('are for Prometheus: of zones, members, the nameserver and the process', async () => {
    await cluster.zones.save(
      zoneName('a.example'),
      Buffer.from('$TTL 60\n@ SOA a.b. c.d. 1 1 1 1 1\n@ NS a.b.\n'),
      SELF,
    );
    const pendingSince = new Date(Date.now() - 90_000).toISOString();
    vi.spyOn(cluster.members, 'list').mockReturnValue([
      memberRow({ id: 'm1', latency: [3, 250], pushes: { calls: 4, failures: 1, zones: 600, seconds: 2.5 } }),
      memberRow({
        id: 'm2',
        hostname: 'ns"2\\.example',
        state: 'disabled',
        failures: 4,
        pending: 7,
        pendingSince,
        latency: [null],
      }),
    ]);
    const { status, text, type } = await get('/metrics', `Bearer ${api.secret}`);
    expect([status, type]).toEqual([200, expect.stringContaining('text/plain')]);
    for (const line of [
      'dns_cluster_zones 1',
      'dns_cluster_clustering 1',
      'dns_cluster_nameserver_running 1',
      'dns_cluster_member_online{member="ns1.example.net"} 1',
      'dns_cluster_member_online{member="ns\\"2\\\\.example"} 0',
      'dns_cluster_member_disabled{member="ns\\"2\\\\.example"} 1',
      'dns_cluster_member_pending{member="ns\\"2\\\\.example"} 7',
      'dns_cluster_member_failures{member="ns\\"2\\\\.example"} 4',
      'dns_cluster_member_nameserver_answers{member="ns1.example.net"} 1',
      'dns_cluster_member_pushes_total{member="ns1.example.net"} 4',
      'dns_cluster_member_push_failures_total{member="ns1.example.net"} 1',
      'dns_cluster_member_pushed_zones_total{member="ns1.example.net"} 600',
      'dns_cluster_member_push_seconds_total{member="ns1.example.net"} 2.5',
      'dns_cluster_conflicts 0',
      'dns_cluster_member_answer_seconds{member="ns1.example.net"} 0.25',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
    expect(text).toMatch(/^dns_cluster_member_oldest_pending_seconds\{member="ns\\"2.*\} 9\d(\.\d+)?$/m);
    expect(text).toMatch(/^process_resident_memory_bytes \d+/m);
    expect(text).not.toMatch(/answer_seconds\{member="ns\\"2/);
  });

  test('have no figures of members that are gone', async () => {
    expect((await get('/metrics', `Bearer ${api.secret}`)).text).not.toContain('member="');
  });

  test('are for root’s tokens alone', async () => {
    expect((await get('/metrics')).status).toBe(401);
    const ann = await api.tokens.create({ user: 'ann', kind: 'reseller', name: 'own', privileges: ['clustering'] });
    expect((await get('/metrics', `Bearer ${ann.secret}`)).status).toBe(403);
    const none = await api.tokens.create({ user: 'root', kind: 'root', name: 'none', privileges: [] });
    expect((await get('/metrics', `Bearer ${none.secret}`)).status).toBe(403);
  });
});

test('/healthz and /readyz need no token, and tell nothing but that', async () => {
  expect(await get('/healthz')).toMatchObject({ status: 200, text: 'ok\n' });
  expect(await get('/readyz')).toMatchObject({ status: 200, text: 'ready\n' });
  const now = await cluster.status(SELF);
  vi.spyOn(cluster, 'status').mockResolvedValue({
    ...now,
    nameserver: { ...now.nameserver, running: false, reason: 'in /var/lib/x' },
  });
  expect(await get('/readyz')).toMatchObject({ status: 503, text: 'the nameserver does not run\n' });
});

test('the nameserver is asked once for all who ask /readyz at a time', async () => {
  const now = await cluster.status(SELF);
  let asked = 0;
  let answer = (): void => undefined;
  vi.spyOn(cluster, 'status').mockImplementation(() => {
    asked++;
    return new Promise(
      (resolve) => (answer = () => resolve({ ...now, nameserver: { ...now.nameserver, running: true } })),
    );
  });
  const answers = Promise.all(Array.from({ length: 20 }, () => get('/readyz')));
  await vi.waitFor(() => expect(asked).toBe(1));
  // Time for the others to arrive.
  for (let i = 0; i < 20; i++) await get('/healthz');
  answer();
  const late = setInterval(() => answer(), 10);
  expect((await answers).every(({ status }) => status === 200)).toBe(true);
  clearInterval(late);
  expect(asked).toBeLessThan(20);
});
