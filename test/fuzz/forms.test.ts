import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { SELF } from '../../src/access/principal.js';
import type { Cluster } from '../../src/cluster/cluster.js';
import { ClusterError } from '../../src/errors.js';
import { FUNCTIONS } from '../../src/web/whm-api/functions.js';
import { ApiServer } from '../web/api-server.js';
import { ClusterNode } from '../cluster/cluster-node.js';
import { scratchCluster } from '../cluster/lone-cluster.js';
import { BASE, startPages, ZONE, type Browser, type PagesServer } from '../web/pages-server.js';
import { form } from '../web/wire-api.js';
import { fuzz, FUZZ_TIMEOUT } from './fuzz.js';
import { mutated } from './mutations.js';

const TOKENS = [
  ...['&', '=', '%', '%00', '%ff', '[', ']', '[]', '[__proto__]', '__proto__[x]=1', 'constructor', '{"a":', '\n'],
  ...['<script>', "'", '"', '../', 'zone=', 'role=', '&_csrf=', '9'.repeat(400), '%f0%9f%92%a9'],
];
const FIELDS = [
  { host: '127.0.0.1', port: '2087', dnsPort: '53', user: 'root', token: 'x', role: 'sync', type: 'cpanel' },
  { name: 'a.example', text: ZONE, zone: 'a.example', owner: 'root', serial: '1', what: 'all', direction: 'all' },
  { threshold: 'custom', failureThreshold: '7', notify: '1', clustering: 'off', networks: '10.0.0.0/8' },
  { record: 'www A 192.0.2.1', line: '3', ttl: '60', value: '192.0.2.1', kind: 'A', time: '2026', privileges: 'all' },
];

let pages: PagesServer;
let ns1: ClusterNode;
const paths: string[] = [];
let browser: Browser;
let csrf: string;
let api: ApiServer;
let end: () => Promise<void>;
beforeAll(async () => {
  ns1 = await ClusterNode.start('ns1.example.net');
  pages = await startPages();
  const { id } = await pages.cluster.members.add(await ns1.invitation('sync', SELF), SELF);
  nobodyAnswers(pages.cluster);
  paths.push(...PATHS.map((path) => path.replace('m1', id)));
  browser = await pages.browser('root');
  csrf = /name="_csrf" value="([^"]+)"/.exec((await browser.get('/zones/new')).html)?.[1] ?? '';
  const lone = await scratchCluster();
  end = lone.end;
  nobodyAnswers(lone.cluster);
  api = await ApiServer.start(lone.cluster);
});
afterAll(async () => {
  await pages.close();
  await api.stop();
  await end();
  await ns1.end();
});

/** Addresses are typed here that could be anybody's: no test calls there. */
function nobodyAnswers({ members }: Cluster): void {
  const refusal = new ClusterError('member_unresolvable', { host: 'ns2' });
  for (const method of ['add', 'edit', 'lookAt', 'trust'] as const)
    vi.spyOn(members, method).mockRejectedValue(refusal);
}

const PATHS = [
  ...['/clustering', '/options', '/members', '/members/accept', '/synchronize', '/zones', '/zones/text', '/tokens'],
  ...['/member/m1/edit', '/member/m1/role', '/member/m1/dig', '/member/m1/certificate', '/zone/a.example/text'],
  ...['/zone/a.example/record', '/zone/a.example/delete', '/notifications', '/drift/settle', '/managing'],
  ...['/users/remove', '/zones/owner'],
];

test(
  'any form of any page is answered with a page, and never with an error of ours',
  async () => {
    const bodies = FIELDS.map((fields) => Buffer.from(form(fields)));
    await fuzz(mutated(bodies, TOKENS), async (octets) => {
      const path = paths[octets.length % paths.length] ?? '';
      const sent = Buffer.concat([Buffer.from(`_csrf=${encodeURIComponent(csrf)}&`), octets]);
      const { status } = await browser.agent
        .post(BASE + path)
        .set('Content-Type', 'application/x-www-form-urlencoded')
        .send(sent.toString('latin1'));
      expect(status, path).toBeLessThan(500);
    });
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  },
  FUZZ_TIMEOUT,
);

test(
  'any form of any function of the API is answered, and never with an error of ours',
  async () => {
    // Those of notifications need the service behind them, which is the pages' test's.
    const functions = [...FUNCTIONS.keys()].filter((name) => !name.endsWith('notifications'));
    const bodies = FIELDS.map((fields) => Buffer.from(form(fields)));
    await fuzz(mutated(bodies, TOKENS), async (octets) => {
      const name = functions[octets.length % functions.length] ?? '';
      const head =
        `POST /json-api/${name}?api.version=1 HTTP/1.1\r\nHost: x\r\nAuthorization: whm root:${api.secret}\r\n` +
        `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${octets.length}\r\n\r\n`;
      const { status } = await api.send(head, octets);
      expect(status, name).toBeLessThan(500);
      expect(api.errors, name).toEqual([]);
    });
  },
  FUZZ_TIMEOUT,
);
