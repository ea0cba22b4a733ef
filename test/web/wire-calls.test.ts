import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Express } from 'express';
import request from 'supertest';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SELF } from '../../src/access/principal.js';
import type { Cluster } from '../../src/cluster/cluster.js';
import { TokenStore } from '../../src/access/tokens.js';
import { percentEncode } from '../../src/wire-format/percent.js';
import { createLog } from '../../src/operations/log.js';
import { createApi } from '../../src/web/api.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { loneCluster } from '../cluster/lone-cluster.js';

const log = createLog({ level: 'silent' });
const NAME = zoneName('example.com');
const TEXT =
  '; cPanel first:11.82.0.1 (update_time):1700000000 hostname:web latest:11.82.0.1\n$TTL 60\n@ SOA ns1.example.net. h.example.net. 5 1 1 1 1\n@ NS ns1.example.net.\nt TXT "caf\u00e9 & more = 100%"\n';

let folder: string;
let cluster: Cluster;
let tokens: TokenStore;
let api: Express;
let secret: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wire-'));
  tokens = await TokenStore.open(join(folder, 'tokens.json'), { log });
  ({ secret } = await tokens.create({ user: 'root', kind: 'root', name: 'peer', privileges: ['clustering'] }));
  cluster = await loneCluster(folder);
  api = createApi({ cluster, tokens, version: '0.1.0', log });
});
afterEach(async () => {
  await tokens.close();
  await cluster.stop();
  rmSync(folder, { recursive: true, force: true });
});

const form = (fields: Record<string, string>): string =>
  Object.entries(fields)
    .map(([key, value]) => `${key}=${percentEncode(Buffer.from(value)).toString()}`)
    .join('&');

/** As the vendor's client sends it: an octet-stream body that is a form. */
function post(call: string, body: string | Buffer, authorization = `whm root:${secret}`): request.Test {
  return request(api)
    .post(`/scripts2/${call}`)
    .set('Authorization', authorization)
    .set('Content-Type', 'application/octet-stream')
    .send(typeof body === 'string' ? Buffer.from(body) : body);
}
function get(path: string): request.Test {
  return request(api).get(path).set('Authorization', `whm root:${secret}`);
}

describe('who may call', () => {
  test.each([
    ['whm, as current clients', () => `whm root:${secret}`],
    ['WHM in capitals', () => `WHM root:${secret}`],
    ['Basic', () => `Basic ${Buffer.from(`root:${secret}`).toString('base64')}`],
    ['WHM base64, as clients before 2011', () => `WHM ${Buffer.from(`root:${secret}`).toString('base64')}`],
    ['Bearer', () => `Bearer ${secret}`],
  ])('%s', async (_, authorization) => {
    const answer = await request(api).get('/scripts2/gethostname?').set('Authorization', authorization());
    expect([answer.status, answer.text]).toEqual([200, cluster.hostname]);
  });

  test.each([
    ['a wrong token', 'whm root:wrong'],
    ["another user's name", 'whm ann:SECRET'],
    ['no user', 'whm SECRET'],
    ['an unknown scheme', 'Digest SECRET'],
    ['an empty header', ''],
  ])('%s is answered 401 with the reason phrase that peers look for', async (_, authorization) => {
    const answer = await post('getzonelist_local', '', authorization.replace('SECRET', secret));
    expect(answer.status).toBe(401);
    expect((answer as unknown as { res: { statusMessage: string } }).res.statusMessage).toBe('Access Denied');
  });

  test('on /json-api, a wrong token is answered 403 in the form that its callers read', async () => {
    const answer = await request(api).get('/json-api/version?api.version=1').set('Authorization', 'whm root:wrong');
    expect(answer.status).toBe(403);
    expect(answer.headers['content-type']).toContain('text/plain');
    expect(JSON.parse(answer.text)).toEqual({
      cpanelresult: {
        apiversion: '2',
        error: 'Access denied',
        data: { reason: 'Access denied', result: '0' },
        type: 'text',
      },
    });
  });

  test('a token in the address is refused with 400', async () => {
    const answer = await request(api).get(`/scripts2/showversion?access_token=${secret}`);
    expect(answer.status).toBe(400);
    expect(answer.text).not.toContain(secret);
  });

  test('a token without the privilege is refused with 403 and a sentence', async () => {
    const other = await tokens.create({ user: 'ann', kind: 'reseller', name: 'none', privileges: ['mail'] });
    const answer = await post('getzonelist_local', '', `whm ann:${other.secret}`);
    expect(answer.status).toBe(403);
    expect(answer.text).toContain('required privileges');
  });

  test("a reseller's token sees and changes own zones only", async () => {
    const ann = await tokens.create({ user: 'ann', kind: 'reseller', name: 'own', privileges: ['clustering'] });
    const authorization = `whm ann:${ann.secret}`;
    await cluster.zones.save(NAME, Buffer.from(TEXT), SELF);
    await post('savezone_local', form({ zone: 'ann.example', zonedata: TEXT }), authorization).expect(200);
    expect((await post('getzonelist_local', '', authorization)).text).toBe('ann.example\n');
    expect((await post('getzone_local', form({ zone: NAME }), authorization)).text).toBe('');
    const foreign = await post('savezone_local', form({ zone: NAME, zonedata: TEXT }), authorization);
    expect(foreign.status).toBe(403);
  });
});

describe('calls about the server', () => {
  test.each([
    ['/scripts2/showversion?', '11.82.0.1\n'],
    ['/scripts2/gethostname?', 'web.example.net'],
    ['/json-api/version?', '{"version":"11.82.0.1"}'],
    ['/json-api/gethostname?', '{"hostname":"web.example.net"}'],
  ])('%s is answered to the letter', async (path, body) => {
    const answer = await get(path);
    expect([answer.status, answer.text]).toEqual([200, body]);
  });

  test.each([
    'reloadbind_local',
    'reconfigbind_local',
    'reloadzones_local',
    'cleandns_local',
    'getips_local',
    'getpath_local',
  ])('%s answers 200 with text, by GET and by POST', async (call) => {
    await get(`/scripts2/${call}?&zone=`).expect(200);
    await post(call, form({ zone: '', dnsuniqid: 'abc_1' })).expect(200);
  });

  test('every answer announces this software', async () => {
    expect((await get('/scripts2/showversion?')).headers['x-dns-cluster']).toBe('0.1.0');
  });

  test('an unknown call is 404', async () => {
    await get('/scripts2/nothing_local?').expect(404);
    await get('/scripts2/__proto__?').expect(404);
    await get('/scripts2/constructor?').expect(404);
  });
});

describe('calls about zones', () => {
  test('savezone and getzone carry the text byte for byte', async () => {
    const saved = await post('savezone_local', form({ zone: NAME, zonedata: TEXT, dnsuniqid: 'x_1' }));
    expect(saved.status, saved.text).toBe(200);
    expect(saved.text).toMatch(/^example\.com => saved, serial 5, digest [0-9a-f]{64}\n$/);
    expect((await post('getzone_local', form({ zone: NAME }))).text).toBe(TEXT);
    expect((await get(`/scripts2/getzone_local?zone=${NAME}.db`)).text).toBe(TEXT);
  });

  test('bytes above 127 that are no UTF-8 are kept', async () => {
    const text = Buffer.concat([Buffer.from(TEXT), Buffer.from([0x3b, 0xff, 0xfe, 0x0a])]);
    await post('savezone_local', Buffer.concat([Buffer.from(`zone=${NAME}&zonedata=`), percentEncode(text)])).expect(
      200,
    );
    expect(await cluster.zones.text(NAME, SELF)).toEqual(text);
  });

  test('quickzoneadd says the phrase that the original looks for', async () => {
    const answer = await post('quickzoneadd_local', form({ zone: NAME, zonedata: TEXT }));
    expect(answer.text).toMatch(/Zone \S+ has been successfully added/im);
  });

  test('an unknown zone is an empty body with 200, and does not exist', async () => {
    const answer = await post('getzone_local', form({ zone: 'nowhere.example' }));
    expect([answer.status, answer.text]).toEqual([200, '']);
    expect((await post('zoneexists_local', form({ zone: 'nowhere.example' }))).text).toBe('0');
  });

  test('lists are separated by commas or bars, and unknown zones are absent from a bundle', async () => {
    await cluster.zones.save(NAME, Buffer.from(TEXT), SELF);
    await cluster.zones.save(zoneName('b.example'), Buffer.from(TEXT), SELF);
    for (const zones of ['example.com,nowhere.example,b.example', 'example.com|b.example.db']) {
      const { text } = await post('getzones_local', form({ zones, keys: '1' }));
      expect(text.match(/cpdnszone-[^=]+=/g)).toEqual(['cpdnszone-example.com=', 'cpdnszone-b.example=']);
      expect(decodeURIComponent(text.split('&')[0]?.split('=')[1] ?? '')).toBe(TEXT);
    }
    expect((await post('getallzones_local', '')).text.match(/cpdnszone-/g)).toHaveLength(2);
    expect((await get('/scripts2/getzonelist_local?')).text.split('\n').sort()).toEqual([
      '',
      'b.example',
      'example.com',
    ]);
    expect((await post('zoneexists_local', form({ zone: NAME }))).text).toBe('1');
  });

  test.each([false, true])(
    'a bundle saves what is good and says of each what became of it (gzip: %s)',
    async (zipped) => {
      const bundle = `${form({ 'cpdnszone-a.example': TEXT })}&${form({ 'cpdnszone-b.example': 'broken' })}&cpdnszone-c.example=&${form({ 'cpdnszone-../x': TEXT })}&dnsuniqid=y_1`;
      const call = zipped
        ? post('synczones_local', gzipSync(bundle)).set('Content-Encoding', 'gzip')
        : post('synczones_local', bundle);
      const answer = await call;
      expect(answer.status).toBe(200);
      expect(answer.text).toMatch(/^a\.example => saved, serial 5, /m);
      expect(answer.text).toMatch(/^b\.example => refused: .*b\.example:1/m);
      expect(answer.text).toMatch(/^\.\.\/x => refused: /m);
      expect(cluster.zones.list(SELF).map(({ name }) => name)).toEqual(['a.example']);
    },
  );

  test('a bundle of which nothing could be saved is 422', async () => {
    await post('synczones_local', form({ 'cpdnszone-b.example': 'broken' })).expect(422);
  });

  test('a refused zone is 422 with each finding in the body, and changes nothing', async () => {
    await post('savezone_local', form({ zone: NAME, zonedata: TEXT })).expect(200);
    const answer = await post('savezone_local', form({ zone: NAME, zonedata: `${TEXT}a A 1.2.3\nb MX x\n` }));
    expect(answer.status).toBe(422);
    expect(answer.text.split('\n')).toEqual([
      expect.stringMatching(/^example\.com:6:5: /) as string,
      expect.stringMatching(/^example\.com:7:6: /) as string,
      '',
    ]);
    expect(await cluster.zones.text(NAME, SELF)).toEqual(Buffer.from(TEXT));
  });

  test.each(['../x', 'a b', '', 'a'.repeat(300), 'x\r\nSet-Cookie: a=b', 'a..b', '/etc/passwd'])(
    'the zone name %j is refused with a sentence',
    async (zone) => {
      const answer = await post('savezone_local', form({ zone, zonedata: TEXT }));
      expect(answer.status).toBe(422);
      expect(answer.text).toMatch(/is not a zone name/);
      expect(answer.headers['set-cookie']).toBeUndefined();
      expect(cluster.zones.count(SELF)).toBe(0);
    },
  );

  test('a name in Unicode is converted, and the answer says to what', async () => {
    const answer = await post('savezone_local', form({ zone: 'bücher.example', zonedata: TEXT }));
    expect(answer.text).toMatch(/^xn--bcher-kva\.example => saved/);
  });

  test('of a list to remove, what can be no zone is refused, and the others are removed', async () => {
    await cluster.zones.save(NAME, Buffer.from(TEXT), SELF);
    const answer = await post('removezones_local', form({ zones: `../x,${NAME}` }));
    expect(answer.status).toBe(200);
    expect(answer.text.split('\n')).toEqual([
      'Unable to remove zone(s): ../x',
      expect.stringMatching(/^\.\.\/x => refused: .*is not a zone name/) as string,
      'example.com => deleted from web.example.net.',
      '',
    ]);
    expect(cluster.zones.count(SELF)).toBe(0);
    expect((await post('removezones_local', form({ zones: '../x' }))).status).toBe(422);
  });

  test('what can be no zone is absent from a bundle and passed over by a reload', async () => {
    await cluster.zones.save(NAME, Buffer.from(TEXT), SELF);
    const { text } = await post('getzones_local', form({ zones: `../x,${NAME},a b` }));
    expect(text.match(/cpdnszone-[^=]+=/g)).toEqual(['cpdnszone-example.com=']);
    await post('reloadzones_local', form({ zone: `../x,${NAME}` })).expect(200);
    // An empty list means all zones: a wrong name must not.
    await post('reloadbind_local', form({ zone: '../x' })).expect(422);
  });

  test('a removal is idempotent and says who removed what', async () => {
    await cluster.zones.save(NAME, Buffer.from(TEXT), SELF);
    for (let i = 0; i < 2; i++) {
      const answer = await post('removezone_local', form({ zone: NAME, dnsuniqid: 'z_1' }));
      expect([answer.status, answer.text]).toEqual([200, 'example.com => deleted from web.example.net.\n']);
    }
    expect(cluster.zones.count(SELF)).toBe(0);
    const many = await post('removezones_local', form({ zones: 'a.example,b.example' }));
    expect(many.text).toBe('a.example => deleted from web.example.net.\nb.example => deleted from web.example.net.\n');
  });
});
