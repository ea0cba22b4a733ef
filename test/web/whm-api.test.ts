import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Express } from 'express';
import request from 'supertest';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SELF } from '../../src/access/principal.js';
import type { Cluster } from '../../src/cluster/cluster.js';
import { TokenStore } from '../../src/access/tokens.js';
import { ClusterError } from '../../src/errors.js';
import { createLog } from '../../src/operations/log.js';
import { createApi } from '../../src/web/api.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { ClusterNode } from '../cluster/cluster-node.js';
import { loneCluster } from '../cluster/lone-cluster.js';

const log = createLog({ level: 'silent' });
const TEXT = '$TTL 60\n@ SOA ns1.example.net. h.example.net. 5 1 1 1 1\n@ NS ns1.example.net.\n';

const MEMBER = { host: 'ns1', user: 'root', token: 'x', role: 'sync' };

let folder: string;
let tokens: TokenStore;
let cluster: Cluster;
let api: Express;
let secret: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'api-'));
  tokens = await TokenStore.open(join(folder, 'tokens.json'), { log });
  ({ secret } = await tokens.create({ user: 'root', kind: 'root', name: 'script', privileges: ['all'] }));
  cluster = await loneCluster(folder);
  api = createApi({ cluster, tokens, version: '0.1.0', log });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await tokens.close();
  await cluster.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Answer {
  metadata: { version: number; command: string; result: number; reason: string };
  data: Record<string, unknown>;
}

async function call(
  name: string,
  fields: Record<string, string> = {},
  authorization = `whm root:${secret}`,
): Promise<Answer> {
  const answer = await request(api)
    .post(`/json-api/${name}?api.version=1`)
    .set('Authorization', authorization)
    .type('form')
    .send(fields);
  expect(answer.status, answer.text).toBe(200);
  return answer.body as Answer;
}

describe('the API in the style of WHM API 1', () => {
  test('gives root, and nobody else, what a rescan of the zone files found', async () => {
    for (const zone of ['a.example', 'b.example', 'c.example'])
      await cluster.zones.save(zoneName(zone), Buffer.from(TEXT), SELF);
    const zones = join(folder, 'data', 'zones');
    const file = readdirSync(zones, { recursive: true, encoding: 'utf8' }).find((path) => path.endsWith('b.example'));
    writeFileSync(join(zones, file ?? ''), `${TEXT}x A 1.2\n`);
    const { data } = await call('rescanzones');
    expect(data).toEqual({
      changed: [],
      added: [],
      broken: [{ zone: 'b.example', why: expect.stringContaining('line 4') as string }],
      missing: [],
      removed: [],
      strange: [],
      unchanged: 2,
    });
    const ann = await tokens.create({ user: 'ann', kind: 'reseller', name: 'a', privileges: ['clustering'] });
    const { metadata } = await call('rescanzones', {}, `whm ann:${ann.secret}`);
    expect(metadata).toMatchObject({ result: 0, reason: expect.stringContaining('required privileges') as string });
  });

  test('answers in the envelope of version 1, by GET and by POST', async () => {
    expect(await call('version')).toEqual({
      metadata: { version: 1, command: 'version', reason: 'OK', result: 1 },
      data: { version: '11.82.0.1' },
    });
    const byGet = await request(api)
      .get('/json-api/gethostname?api.version=1')
      .set('Authorization', `Bearer ${secret}`);
    expect((byGet.body as Answer).data).toEqual({ hostname: 'web.example.net' });
  });

  test.each(['nothing', '__proto__', 'constructor', 'toString'])(
    'an unknown function "%s" is refused in the words that callers know',
    async (name) => {
      const { metadata } = await call(name);
      expect(metadata).toMatchObject({
        result: 0,
        reason: `Unknown app ("${name}") requested for this version (1) of the API.`,
      });
    },
  );

  test.each([
    ['savezone', { zonedata: TEXT }, /Parameter zone is missing/],
    ['savezone', { zone: 'a.example' }, /Parameter zonedata is missing/],
    [
      'savezone',
      { zone: 'a.example', zonedata: TEXT, wait: 'forever' },
      /Parameter wait must be none, local or served/,
    ],
    ['savezone', { zone: 'a.example', zonedata: TEXT, timeout: '-1' }, /Parameter timeout must be a whole number/],
    ['savezone', { zone: '../x', zonedata: TEXT }, /is not a zone name/],
    ['setclustering', { enabled: 'perhaps' }, /Parameter enabled must be 0 or 1/],
    [
      'addmember',
      { host: 'ns1', user: 'root', token: 'x', role: 'boss' },
      /Parameter role must be one of standalone, sync, write-only/,
    ],
    ['removezone', { zone: 'nowhere.example' }, /nowhere\.example is not on this server/],
    ['addzone', { zone: '', zonedata: TEXT }, /"" is not a zone name/],
    ['createzone', { zone: 'a.example' }, /Parameter ip is missing/],
    ['createzone', { zone: 'a.example', ip: '192.0.2.1', template: '../x' }, /no zone template/],
    ['setfailurethreshold', { threshold: '99999999999' }, /Parameter threshold must be a whole number/],
    ['addmember', { user: 'root', token: 'x', role: 'sync' }, /Parameter host is missing/],
    ['addmember', { ...MEMBER, port: '0' }, /Parameter port must be a port/],
    ['addmember', { ...MEMBER, dnsport: '65536' }, /Parameter dnsport must be a port/],
    ['addmember', { ...MEMBER, fingerprint: 'AB:CD' }, /Parameter fingerprint must be 32 pairs/],
    ['setmemberrole', { role: 'sync' }, /Parameter member is missing/],
    ['removemember', { member: 'nobody' }, /no member "nobody"/],
  ])('%s with %j is refused with a sentence, and nothing is changed', async (name, fields, sentence) => {
    const { metadata } = await call(name, fields);
    expect(metadata.result).toBe(0);
    expect(metadata.reason).toMatch(sentence);
    expect(cluster.zones.count(SELF)).toBe(0);
  });

  test('a zone is saved, listed, looked at and removed', async () => {
    const saved = await call('savezone', { zone: 'a.example', zonedata: TEXT, wait: 'local' });
    expect(saved).toMatchObject({ metadata: { result: 1 }, data: { zone: 'a.example', change: 'created', serial: 5 } });
    expect((await call('listzones')).data).toMatchObject({
      zone: [{ domain: 'a.example', zonefile: 'a.example.db', serial: 5 }],
    });
    expect((await call('zonestate', { zone: 'a.example' })).data).toMatchObject({ zone: { serial: 5 }, members: [] });
    expect(await call('addzone', { zone: 'a.example', zonedata: TEXT })).toMatchObject({
      metadata: { result: 0 },
      data: { code: 'zone_exists' },
    });
    expect((await call('removezone', { zone: 'a.example' })).metadata.result).toBe(1);
    expect(cluster.zones.count(SELF)).toBe(0);
  });

  test("wait and timeout, in seconds, are the cluster's to keep", async () => {
    const save = vi.spyOn(cluster.zones, 'save');
    const zone = { zone: 'a.example', zonedata: TEXT };
    await call('savezone', { ...zone, wait: 'served', timeout: '3' });
    await call('savezone', { ...zone, wait: 'local' });
    await call('savezone', zone);
    expect(save.mock.calls.map(([, , , options]) => options)).toEqual([
      { wait: 'served', timeout: 3_000 },
      { wait: 'local' },
      {},
    ]);
  });

  test('a member is added with the fingerprint in the spelling that is pinned, and its token is in no answer', async () => {
    const ns1 = await ClusterNode.start('ns1.example.net');
    try {
      const { host, port, dnsPort, token, user } = await ns1.invitation('sync', SELF);
      const ports = { port: String(port), dnsport: String(dnsPort) };
      const pinned = ns1.fingerprint.toLowerCase();
      const added = await call('addmember', { host, user, token, role: 'sync', ...ports, fingerprint: pinned });
      expect(added).toMatchObject({ metadata: { result: 1 }, data: { dnsPort, fingerprint: pinned.toUpperCase() } });
      const answers = [added, await call('listmembers'), await call('clusterstatus')];
      expect(JSON.stringify(answers)).not.toContain(token);
    } finally {
      await ns1.end();
    }
  });

  test('what the nameserver is and how it does is said in the way in which a member is asked for it', async () => {
    const nameserver = { software: 'BIND', version: '9.18.49', running: true };
    vi.spyOn(cluster, 'status').mockResolvedValue({ ...(await cluster.status(SELF)), nameserver });
    expect(await call('installed_versions', {})).toMatchObject({ data: { bind: '9.18.49' } });
    expect(await call('servicestatus', { service: 'named' })).toMatchObject({
      data: { service: [{ name: 'named', running: 1, enabled: 1, monitored: 1, version: '9.18.49' }] },
    });
    expect(await call('servicestatus', { service: 'exim' })).toMatchObject({ data: { service: [] } });
  });

  test('a zone is created from a template', async () => {
    const made = await call('createzone', {
      zone: 'a.example',
      ip: '192.0.2.7',
      ns1: 'ns1.example.net',
      ns2: 'ns2.example.net',
    });
    expect(made.metadata).toMatchObject({ result: 1 });
    expect((await cluster.zones.text(zoneName('a.example'), SELF)).toString()).toContain('192.0.2.7');
  });

  test('a refused zone comes with each finding, its line and column', async () => {
    const { data } = await call('savezone', { zone: 'a.example', zonedata: `${TEXT}x A 1.2\n` });
    expect(data).toMatchObject({ code: 'zone_invalid', issues: [{ severity: 'error', line: 4, column: 5 }] });
  });

  test.each(['member_call_failed', 'busy', 'zones_not_written'] as const)(
    'a failure behind this server (%s) is an answer too: HTTP 200, its code and its sentence',
    async (code) => {
      const error = new ClusterError(code, { why: 'ns1 cannot be reached' });
      vi.spyOn(cluster.members, 'add').mockRejectedValue(error);
      const answer = await call('addmember', { host: 'ns1', user: 'root', token: 'x', role: 'sync' });
      expect(answer).toMatchObject({ metadata: { result: 0, reason: error.message }, data: { code } });
    },
  );

  test('a mistake of this program is HTTP 500 and tells a caller nothing of its inside', async () => {
    vi.spyOn(cluster.settings, 'setClustering').mockRejectedValue(new Error('secret detail'));
    const answer = await request(api)
      .get('/json-api/setclustering?api.version=1&enabled=1')
      .set('Authorization', `whm root:${secret}`);
    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain('secret detail');
  });

  test('parameters cannot reach into objects', async () => {
    const answer = await request(api)
      .post('/json-api/savezone?api.version=1')
      .set('Authorization', `whm root:${secret}`)
      .type('form')
      .send('__proto__[privileges]=all&constructor.prototype.x=1&__proto__=1&zone=a.example');
    expect((answer.body as Answer).metadata.reason).toMatch(/Parameter zonedata is missing/);
    expect(({} as Record<string, unknown>)['privileges']).toBeUndefined();
  });

  test("what a reseller's token may not, it is told", async () => {
    const ann = await tokens.create({ user: 'ann', kind: 'reseller', name: 'own', privileges: ['clustering'] });
    const none = await tokens.create({ user: 'bob', kind: 'reseller', name: 'none', privileges: [] });
    await call('savezone', { zone: 'root.example', zonedata: TEXT });
    expect((await call('listzones', {}, `whm ann:${ann.secret}`)).data).toEqual({ zone: [] });
    expect(
      (await call('savezone', { zone: 'root.example', zonedata: TEXT }, `whm ann:${ann.secret}`)).data,
    ).toMatchObject({ code: 'zone_not_yours' });
    expect((await call('listzones', {}, `whm bob:${none.secret}`)).metadata.reason).toContain('required privileges');
    expect((await call('myprivs', {}, `whm bob:${none.secret}`)).data).toEqual({ privileges: [{}] });
  });
});
