import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { SELF } from '../../src/access/principal.js';
import type { Cluster } from '../../src/cluster/cluster.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { ApiServer, type RawAnswer } from './api-server.js';
import { ClusterNode } from '../cluster/cluster-node.js';
import { scratchCluster } from '../cluster/lone-cluster.js';
import { memberRow } from './member-rows.js';

/*
 * What the vendor's client puts on the line, octet for octet, and what it must find in the answer. The encoding is its
 * own: everything but A-Z a-z 0-9 - _ . ! ~ * ' ( ) as %XX, in a body that says it is an octet-stream.
 */
const ID = 'dnsuniqid=q3Zt_Xw8b1mK0aBcDeFgHiJkLmNoPqR_1700000000';
let actions = 0;
const nextId = (): string => `${ID}_${++actions}`;
const TEXT =
  '; cPanel first:11.110.0.5 (update_time):1700000000 Cpanel::ZoneFile::VERSION:1.3 hostname:web.example.net latest:11.110.0.5\n' +
  '; Zone file for example.com\n$TTL 14400\n' +
  'example.com.\t86400\tIN\tSOA\tns1.example.net.\thost.example.net.\t2026112301 3600 1800 1209600 86400\n' +
  'example.com.\t86400\tIN\tNS\tns1.example.net.\n' +
  'note\tIN\tTXT\t"caf\u00e9 100% & more; a+b=c"\n';
const DIGEST = /[0-9a-f]{64}/;
const NAME = zoneName('example.com');

const encoded = (text: string): string =>
  encodeURIComponent(text).replaceAll(/[^A-Za-z0-9\-_.!~*'()%]/g, (char) => `%${char.charCodeAt(0).toString(16)}`);

let cluster: Cluster;
let end: () => Promise<void>;
let server: ApiServer;
beforeEach(async () => {
  ({ cluster, end } = await scratchCluster());
  server = await ApiServer.start(cluster);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await server.stop();
  await end();
});

const get = (path: string): Promise<RawAnswer> =>
  server.send(
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: whm root:${server.secret}\r\nConnection: Keep-Alive\r\nUser-Agent: cPanel::PublicAPI/2.8\r\n\r\n`,
  );
const post = (path: string, body: string): Promise<RawAnswer> =>
  server.send(
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: whm root:${server.secret}\r\nConnection: Keep-Alive\r\nUser-Agent: cPanel::PublicAPI/2.8\r\n` +
      `Content-Type: application/octet-stream\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
const save = (name = 'example.com'): Promise<RawAnswer> =>
  post(
    '/scripts2/savezone_local',
    `zone=${name}&zonedata=${encoded(TEXT.replaceAll('example.com.', `${name}.`))}&${nextId()}`,
  );
const says = ({ status, body }: RawAnswer): [number, string] => [status, body.toString()];

describe('a peer that makes itself known', () => {
  test('GET /scripts2/showversion?', async () => {
    expect(says(await get('/scripts2/showversion?'))).toEqual([200, '11.82.0.1\n']);
  });
  test('GET /scripts2/gethostname? has no line end', async () => {
    expect(says(await get('/scripts2/gethostname?'))).toEqual([200, 'web.example.net']);
  });
  test('GET /json-api/version? is flat and agrees with showversion', async () => {
    expect(says(await get('/json-api/version?'))).toEqual([200, '{"version":"11.82.0.1"}']);
  });
  test('GET /json-api/gethostname? is flat', async () => {
    expect(says(await get('/json-api/gethostname?'))).toEqual([200, '{"hostname":"web.example.net"}']);
  });
});

describe('reading', () => {
  beforeEach(async () => {
    await save();
  });

  test('POST getzone_local gives the text octet for octet', async () => {
    const answer = await post('/scripts2/getzone_local', `zone=example.com&${ID}`);
    expect(answer.status).toBe(200);
    expect(answer.body.equals(Buffer.from(TEXT))).toBe(true);
  });
  test('GET getzone_local?&zone=NAME is the same call', async () => {
    expect(says(await get(`/scripts2/getzone_local?&zone=example.com&${ID}`))).toEqual([200, TEXT]);
    expect(says(await get(`/scripts2/getzone_local?zone=example%2Ecom.db`))).toEqual([200, TEXT]);
  });
  test('POST getzone_local of an unknown zone: 200 and nothing', async () => {
    expect(says(await post('/scripts2/getzone_local', `zone=unknown.example&${ID}`))).toEqual([200, '']);
  });
  test.each([
    'example.com%2Cunknown.example',
    'unknown.example,example.com',
    'example.com|unknown.example',
    '%2E%2E%2Fx,example.com.db',
  ])('POST getzones_local zones=%s&keys=1 is a bundle of what is here', async (zones) => {
    const [status, body] = says(await post('/scripts2/getzones_local', `zones=${zones}&keys=1&${ID}`));
    expect([status, body.replace(/%0a/gi, '%0A').split('=')[0]]).toEqual([200, 'cpdnszone-example.com']);
    const pairs = body.split('&').filter((pair) => pair !== '');
    expect(pairs).toHaveLength(1);
    expect(decodeURIComponent(pairs[0]?.split('=')[1] ?? '')).toBe(TEXT);
    // As the vendor's encoder writes it, so that any decoder reads it.
    expect(body).toMatch(/^[A-Za-z0-9\-_.!~*'()%=&]+$/);
  });
  test('POST getzones_local of unknown zones only: 200 and nothing', async () => {
    expect(says(await post('/scripts2/getzones_local', `zones=unknown.example&${ID}`))).toEqual([200, '']);
  });
  test('POST getallzones_local is a bundle of all', async () => {
    await save('second.example.com');
    const [status, body] = says(await post('/scripts2/getallzones_local', `keys=1&${ID}`));
    expect([status, body.match(/cpdnszone-[^=]+/g)]).toEqual([
      200,
      ['cpdnszone-example.com', 'cpdnszone-second.example.com'],
    ]);
  });
  test('GET getzonelist_local? is one name a line', async () => {
    expect(says(await get('/scripts2/getzonelist_local?'))).toEqual([200, 'example.com\n']);
    expect(says(await get(`/scripts2/getzonelist_local?&${ID}&hosts_seen=web2.example.net,web3.example.net`))).toEqual([
      200,
      'example.com\n',
    ]);
  });
  test.each([
    ['example.com', '1'],
    ['EXAMPLE.com', '1'],
    ['example.com.db', '1'],
    ['unknown.example', '0'],
  ])('POST zoneexists_local zone=%s is %s', async (zone, answer) => {
    expect(says(await post('/scripts2/zoneexists_local', `zone=${zone}&${ID}`))).toEqual([200, answer]);
  });
  test('GET getips_local? gives addresses before the first colon', async () => {
    const [status, body] = says(await get('/scripts2/getips_local?'));
    expect(status).toBe(200);
    for (const line of body.split('\n').slice(0, -1))
      expect(line).toMatch(/^(\d{1,3}\.){3}\d{1,3}:(\d{1,3}\.){3}\d{1,3}:(\d{1,3}\.){3}\d{1,3}$/);
  });
  test('GET getpath_local? names the peers that are written to, and no others', async () => {
    vi.spyOn(cluster.members, 'list').mockReturnValue([
      memberRow({ id: 'a', hostname: 'ns1.example.net', role: 'sync' }),
      memberRow({ id: 'b', hostname: 'ns2.example.net', role: 'write-only' }),
      memberRow({ id: 'c', hostname: 'web2.example.net', role: 'standalone' }),
    ]);
    expect(says(await get('/scripts2/getpath_local?'))).toEqual([
      200,
      'web.example.net ns1.example.net\nweb.example.net ns2.example.net\n',
    ]);
  });
});

describe('writing', () => {
  test('POST savezone_local replaces the text', async () => {
    const [status, body] = says(await save());
    expect([status, body.replace(DIGEST, 'DIGEST')]).toEqual([
      200,
      'example.com => saved, serial 2026112301, digest DIGEST\n',
    ]);
    expect((await cluster.zones.text(NAME, SELF)).equals(Buffer.from(TEXT))).toBe(true);
  });
  test('POST quickzoneadd_local says the phrase', async () => {
    const [status, body] = says(
      await post('/scripts2/quickzoneadd_local', `zone=example.com&zonedata=${encoded(TEXT)}&${ID}`),
    );
    expect(status).toBe(200);
    expect(body).toMatch(/Zone \S+ has been successfully added/im);
    expect(cluster.zones.count(SELF)).toBe(1);
  });
  test('POST synczones_local creates and replaces, ignores empty items and DNSSEC keys, and takes what follows the last "&"', async () => {
    await save();
    const newer = encoded(TEXT.replace('2026112301', '2026112302'));
    const bundle = `cpdnszone-example.com=${newer}&cpdnszone-new%2Eexample.net.db=${encoded(TEXT)}&cpdnszone-empty.example=&cpdnskey4711-example.com=Private-key-format%3A%20v1.3&&${ID}`;
    const [status, body] = says(await post('/scripts2/synczones_local', bundle));
    expect(status).toBe(200);
    // Out of zone in the second: its records are of example.com.
    expect(body).toMatch(/^example\.com => saved, serial 2026112302, digest [0-9a-f]{64}$/m);
    expect(body).toMatch(/^new\.example\.net => refused: new\.example\.net:4:\d+: /m);
    expect(cluster.zones.list(SELF).map(({ name }) => name)).toEqual(['example.com']);
  });
  test('"+" is a space, and octets above 127 that are no UTF-8 are kept', async () => {
    await post('/scripts2/savezone_local', `zone=example.com&zonedata=${encoded(TEXT)}%3B+latin+%e9%FF%0A`);
    const text = await cluster.zones.text(NAME, SELF);
    expect(text.subarray(-11)).toEqual(Buffer.from('; latin \u00e9\u00ff\n', 'latin1'));
  });
  test('POST removezone_local and removezones_local, again and again', async () => {
    await save();
    for (const id of ['', '_1']) {
      expect(says(await post('/scripts2/removezone_local', `zone=example.com&${ID}${id}`))).toEqual([
        200,
        'example.com => deleted from web.example.net.\n',
      ]);
    }
    await save('example.com');
    expect(says(await post('/scripts2/removezones_local', `zones=example.com%2Cunknown.example&${ID}_2`))).toEqual([
      200,
      'example.com => deleted from web.example.net.\nunknown.example => deleted from web.example.net.\n',
    ]);
    expect(cluster.zones.count(SELF)).toBe(0);
  });
  test('POST removezones_local begins with the failure line where one is refused', async () => {
    await save();
    const ann = await server.tokens.create({ user: 'ann', kind: 'reseller', name: 'own', privileges: ['clustering'] });
    const answer = await server.call(
      'removezones_local',
      `zones=example.com|unknown.example&${ID}`,
      `whm ann:${ann.secret}`,
    );
    expect(answer.body.toString()).toMatch(/^Unable to remove zone\(s\): example\.com\n/);
    expect(cluster.zones.count(SELF)).toBe(1);
  });
});

describe('loading', () => {
  beforeEach(async () => {
    await save();
  });
  test.each([
    ['addzoneconf_local', `GET`, `&zone=example.com&${ID}`, 'example.com'],
    [
      'reloadbind_local',
      `POST`,
      `zone=example.com&${ID}`,
      'Bind reloading on web.example.net using rndc zone: [example.com]',
    ],
    ['reloadbind_local', `POST`, `zone=&${ID}`, 'Bind reloading on web.example.net using rndc zone: []'],
    ['reconfigbind_local', `POST`, `zone=example.com&${ID}`, ''],
    ['reconfigbind_local', `POST`, `zone=&${ID}`, ''],
    ['reloadzones_local', `POST`, `zone=example.com,unknown.example,..&${ID}`, ''],
    ['reloadzones_local', `POST`, `zones=example.com|unknown.example&${ID}`, ''],
    ['cleandns_local', `GET`, ID, ''],
  ])('%s by %s with "%s" is answered 200 with text', async (call, method, fields, text) => {
    const answer =
      method === 'GET' ? await get(`/scripts2/${call}?${fields}`) : await post(`/scripts2/${call}`, fields);
    expect(answer.status, answer.body.toString()).toBe(200);
    expect(answer.body.toString()).toContain(text);
    expect(answer.body.length).toBeGreaterThan(0);
  });
});

test('POST synczones_local of 512 zones, its dnsuniqid last, as a full synchronization sends it; sent again, it writes nothing', async () => {
  const names = Array.from({ length: 512 }, (_, i) => `zone-${i}.example`);
  const items = names.map(
    (name) => `cpdnszone-${encoded(name)}=${encoded(TEXT.replaceAll('example.com.', `${name}.`))}`,
  );
  const body = `${items.join('&')}&${nextId()}`;
  const answer = await post('/scripts2/synczones_local', body);
  expect([answer.status, answer.body.toString().trim().split('\n').length]).toEqual([200, 512]);
  expect(cluster.zones.list(SELF)).toHaveLength(512);
  for (const name of names) {
    const expected = TEXT.replaceAll('example.com.', `${name}.`);
    expect((await cluster.zones.text(zoneName(name), SELF)).toString()).toBe(expected);
  }
  await cluster.zones.remove(zoneName('zone-7.example'), SELF);
  expect(says(await post('/scripts2/synczones_local', body))).toEqual([200, answer.body.toString()]);
  // It was somebody's wish meanwhile that this zone be gone.
  expect(cluster.zones.get(zoneName('zone-7.example'), SELF)).toBeUndefined();
});

describe('trust', () => {
  let master: ClusterNode;
  let token: string;
  let ask: string;
  beforeAll(async () => {
    master = await ClusterNode.start('web2.example.net');
    ({ token } = await master.invitation('sync', SELF));
    ask = `recurse=0&user=root&clustermaster=${master.address}&pass=${token}&version=11.110.0.5`;
  });
  afterAll(() => master.end());
  test('POST /cgi/trustclustermaster.cgi says the phrase', async () => {
    const [status, text] = says(await post('/cgi/trustclustermaster.cgi', ask));
    expect([status, /has been established/i.test(text)]).toEqual([200, true]);
    expect(cluster.members.list(SELF)).toMatchObject([{ host: '127.0.0.1', user: 'root', role: 'standalone' }]);
    expect(text).not.toContain(token);
  });
  test('the same by GET, as a form whatever its type', async () => {
    expect(says(await get(`/cgi/trustclustermaster.cgi?${ask}`))[1]).toMatch(/has been established/i);
  });
  test('without an address it is no trust', async () => {
    const answer = await post('/cgi/trustclustermaster.cgi', 'recurse=0&user=root&pass=S3CRET');
    expect([answer.status, answer.body.toString()]).toEqual([400, expect.not.stringMatching(/has been established/i)]);
  });
  test('POST /json-api/cluster_member_has_trust_with is 0 for a stranger', async () => {
    vi.spyOn(cluster.members, 'list').mockReturnValue([memberRow({})]);
    const has = async (host: string): Promise<unknown> =>
      JSON.parse(
        (await post('/json-api/cluster_member_has_trust_with', `api.version=1&host=${host}`)).body.toString(),
      ) as unknown;
    expect(await has('ns1.example.net')).toMatchObject({ metadata: { result: 1 }, data: { has_trust: 1 } });
    expect(await has('ns9.example.net')).toMatchObject({ metadata: { result: 1 }, data: { has_trust: 0 } });
  });
});

test('one connection carries many calls, as the client keeps it alive', async () => {
  const body = `zone=example.com&${ID}`;
  const one = `POST /scripts2/zoneexists_local HTTP/1.1\r\nHost: x\r\nAuthorization: whm root:${server.secret}\r\nContent-Type: application/octet-stream\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const socket = await server.connect();
  socket.setEncoding('latin1');
  let got = '';
  const third = new Promise<void>((resolve) => {
    socket.on('data', (chunk: string) => {
      got += chunk;
      if ((got.match(/\r\n\r\n0/g) ?? []).length === 3) resolve();
    });
  });
  for (let i = 0; i < 3; i++) socket.write(one);
  await third;
  expect(got.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(3);
  expect(got).not.toMatch(/set-cookie/i);
  socket.destroy();
});

test('an unauthorised call: 401 with the phrase that a peer reads', async () => {
  const answer = await server.call('showversion', undefined, 'whm root:wrong');
  expect([answer.status, answer.reason]).toEqual([401, 'Access Denied']);
});

test('a refused zone: 422, the first finding in the reason phrase, all of them in the body, nothing changed', async () => {
  await save();
  const bad = TEXT.replace('2026112301', '2026112302') + 'a A 1.2.3\n\nb MX x\n';
  const answer = await post('/scripts2/savezone_local', `zone=example.com&zonedata=${encoded(bad)}&${ID}_3`);
  expect(answer.status).toBe(422);
  expect(answer.reason).toMatch(/^Zone example\.com was refused and nothing was changed: line 7, column 5: /);
  expect(answer.body.toString()).toMatch(/^example\.com:7:5: .+\nexample\.com:9:6: .+\n$/);
  expect((await cluster.zones.text(NAME, SELF)).equals(Buffer.from(TEXT))).toBe(true);
});
