import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SELF } from '../../src/access/principal.js';
import type { Cluster } from '../../src/cluster/cluster.js';
import { ClusterError } from '../../src/errors.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { ApiServer, readAnswer } from './api-server.js';
import { scratchCluster } from '../cluster/lone-cluster.js';

const TEXT = '$TTL 60\n@ SOA ns1.example.net. h.example.net. 5 1 1 1 1\n@ NS ns1.example.net.\n';
const NAME = zoneName('a.example');

let cluster: Cluster;
let end: () => Promise<void>;
let server: ApiServer;
const strays: unknown[] = [];
const stray = (error: unknown): void => void strays.push(error);
beforeEach(async () => {
  ({ cluster, end } = await scratchCluster());
  await cluster.zones.save(NAME, Buffer.from(TEXT), SELF);
  server = await ApiServer.start(cluster);
  strays.length = 0;
  process.on('unhandledRejection', stray);
});
afterEach(async () => {
  process.off('unhandledRejection', stray);
  vi.restoreAllMocks();
  await server.stop();
  await end();
  expect(strays).toEqual([]);
});

const head = (method: string, path: string, ...headers: string[]): string =>
  [`${method} ${path} HTTP/1.1`, 'Host: x', `Authorization: whm root:${server.secret}`, ...headers, '', ''].join(
    '\r\n',
  );

describe('a method that is no call', () => {
  test.each(['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE'])('%s changes nothing on either path', async (method) => {
    for (const path of [
      '/scripts2/removezone_local?zone=a.example',
      '/json-api/removezone?api.version=1&zone=a.example',
    ]) {
      const { status, body } = await server.send(head(method, path));
      expect([path, status]).toEqual([path, 405]);
      expect(body.toString()).toMatch(/GET or POST/);
    }
    expect(cluster.zones.count(SELF)).toBe(1);
  });

  test.each(['/scripts2/removezone_local?zone=a.example', '/json-api/removezone?api.version=1&zone=a.example'])(
    'HEAD %s changes nothing and has no body',
    async (path) => {
      const socket = await server.connect();
      socket.write(head('HEAD', path, 'Connection: close'));
      let answer = '';
      socket.setEncoding('latin1').on('data', (chunk: string) => (answer += chunk));
      await once(socket, 'close');
      expect(answer).toMatch(/^HTTP\/1\.1 405 /);
      expect(answer).toMatch(/\r\n\r\n$/);
      expect(cluster.zones.count(SELF)).toBe(1);
    },
  );
});

describe('a sender that goes away', () => {
  test.each([
    ['in the middle of its zone', 'savezone_local', `zone=a.example&zonedata=${encodeURIComponent('; half')}`],
    [
      'in the middle of a bundle',
      'synczones_local',
      `cpdnszone-a.example=${encodeURIComponent(TEXT.replace(' 5 ', ' 6 '))}&cpdnszone-b.example=half`,
    ],
    ['before its bundle begins', 'synczones_local', ''],
  ])('%s leaves no error in the log, and half a zone is never saved', async (_, call, begun) => {
    const socket = await server.connect();
    socket.write(head('POST', `/scripts2/${call}`, 'Content-Length: 100000'));
    socket.write(begun);
    // The server has the head when it answers a later call of the same process.
    await server.call('showversion');
    socket.destroy();
    await once(socket, 'close');
    expect((await server.call('getzonelist_local')).body.toString()).toBe('a.example\n');
    expect((await cluster.zones.text(NAME, SELF)).toString()).toMatch(/^\$TTL/);
    expect(server.errors).toEqual([]);
  });

  test('with its half of the connection only is told that its body is not whole', async () => {
    const socket = await server.connect();
    socket.write(`${head('POST', '/scripts2/savezone_local', 'Content-Length: 1000')}zone=b.example&zonedata=x`);
    socket.end();
    await expect(readAnswer(socket)).resolves.toMatchObject({ status: 400 });
    expect(cluster.zones.list(SELF).map(({ name }) => name)).toEqual(['a.example']);
    expect(server.errors).toEqual([]);
  });

  test('while a large bundle is sent to it leaves no error in the log', async () => {
    const large = Buffer.from(`${TEXT}${`; ${'x'.repeat(98)}\n`.repeat(100_000)}`);
    await cluster.zones.save(zoneName('large.example'), large, SELF);
    const socket = await server.connect();
    socket.write(head('GET', '/scripts2/getallzones_local?'));
    await once(socket, 'data');
    socket.destroy();
    expect((await server.call('showversion')).status).toBe(200);
    expect(server.errors).toEqual([]);
  });
});

describe('names that are traps', () => {
  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    '%s is a parameter like any other',
    async (name) => {
      expect(
        (await server.call('zoneexists_local', `${name}=1&zone=a.example&${name}=a.example`)).body.toString(),
      ).toBe('1');
      expect((await server.call('zoneexists_local', `${name}=a.example`)).status).toBe(400);
      expect((await server.call(`${name}?zone=a.example`)).status).toBe(404);
      expect((await server.call('zoneexists_local', `zone=${name}.example`)).body.toString()).toBe('0');
      expect((await server.call('synczones_local', `cpdnszone-${name}=x`)).status).toBe(422);
      expect(Object.prototype).not.toHaveProperty('zone');
    },
  );

  test.each([
    'a.example%0D%0ASet-Cookie:%20a=b',
    'a.example%0ASet-Cookie:%20a=b',
    'a%E2%80%A8.example',
    '%FF%FE',
    'a%00.example',
    '%22%3E%3Cscript%3E.example',
    '/etc/passwd',
    'a.example/../../b',
    `${'a.'.repeat(200)}example`,
    'a..example',
  ])('the zone name %s is refused, with a status line that holds together', async (zone) => {
    for (const call of [
      'savezone_local',
      'quickzoneadd_local',
      'getzone_local',
      'removezone_local',
      'addzoneconf_local',
    ]) {
      const answer = await server.call(call, `zone=${zone}&zonedata=${encodeURIComponent(TEXT)}`);
      expect([call, answer.status]).toEqual([call, 422]);
      expect(answer.reason).toMatch(/^[\x20-\x7e]{20,200}$/);
      expect([...answer.headers.keys()]).not.toContain('set-cookie');
      expect(answer.body.toString()).toMatch(/is not a zone name/);
    }
    expect(cluster.zones.list(SELF).map(({ name }) => name)).toEqual(['a.example']);
  });
});

describe('what a failure tells', () => {
  test('of this program: nothing of its inside, and one line in the log', async () => {
    const detail = new Error('detail of /var/lib/dns-cluster');
    vi.spyOn(cluster.zones, 'save').mockRejectedValue(detail);
    for (const method of ['list', 'intact'] as const)
      vi.spyOn(cluster.zones, method).mockImplementation(() => {
        throw detail;
      });
    const answers = [
      await server.call('savezone_local', `zone=b.example&zonedata=x`),
      await server.call('getzonelist_local'),
      await server.send(head('GET', '/json-api/listzones?api.version=1')),
    ];
    for (const answer of answers) {
      expect(answer.status).toBe(500);
      expect(answer.body.toString()).toMatch(/internal error/);
      expect(answer.reason + answer.body.toString()).not.toContain('detail');
    }
    expect(server.errors).toHaveLength(3);
    for (const line of server.errors) expect(line).toContain('detail of /var/lib/dns-cluster');
  });

  test('of a disk: the sentence to the caller, and one line in the log', async () => {
    vi.spyOn(cluster.zones, 'save').mockRejectedValue(new ClusterError('zones_not_written', { why: 'ENOSPC' }));
    const answer = await server.call('savezone_local', 'zone=b.example&zonedata=x');
    expect([answer.status, answer.reason]).toEqual([507, expect.stringContaining('ENOSPC')]);
    expect(server.errors).toHaveLength(1);
    const api = await server.send(head('GET', '/json-api/savezone?api.version=1&zone=b.example&zonedata=x'));
    expect(api.body.toString()).toContain('ENOSPC');
    expect(server.errors).toHaveLength(2);
  });

  test('of a refused zone: no line of error in the log, it is not this server that failed', async () => {
    await server.call('savezone_local', 'zone=b.example&zonedata=x');
    expect(server.errors).toEqual([]);
  });

  test('never a token: not in the log, whatever goes wrong', async () => {
    await server.call(`showversion?access_token=${server.secret}`);
    await server.call('showversion', `access_token=${server.secret}`);
    await server.call('showversion', undefined, `Bearer ${server.secret}x`);
    vi.spyOn(cluster.zones, 'save').mockRejectedValue(new Error('broken'));
    await server.call('savezone_local', 'zone=b.example&zonedata=x');
    expect(server.logged).toContain('broken');
    expect(server.logged).not.toContain(server.secret);
  });
});

describe('a request that is no HTTP', () => {
  test.each([
    ['two lengths', 'Content-Length: 5\r\nContent-Length: 6\r\n'],
    ['a length and chunks', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n'],
    ['a length that is no number', 'Content-Length: five\r\n'],
    ['a folded header', 'X: a\r\n b\r\n'],
  ])('with %s is not taken for two', async (_, lines) => {
    const answer = await server.send(
      `POST /scripts2/removezone_local HTTP/1.1\r\nHost: x\r\nAuthorization: whm root:${server.secret}\r\n${lines}\r\nzone=a.example`,
    );
    expect(answer.status).toBe(400);
    expect(cluster.zones.count(SELF)).toBe(1);
  });
});

test('a name in Unicode is converted, and the answer says so', async () => {
  const zone = encodeURIComponent('b\u00fccher.example');
  for (const call of ['savezone_local', 'quickzoneadd_local']) {
    const answer = await server.call(call, `zone=${zone}&zonedata=${encodeURIComponent(TEXT)}`);
    expect(answer.status).toBe(200);
    expect(answer.body.toString()).toMatch(/^xn--bcher-kva\.example => saved/m);
    expect(answer.body.toString()).toContain('The name b\u00fccher.example is written xn--bcher-kva.example in DNS.');
  }
  const bundle = await server.call('synczones_local', `cpdnszone-${zone}=${encodeURIComponent(TEXT)}`);
  expect(bundle.body.toString()).toContain('The name b\u00fccher.example is written xn--bcher-kva.example in DNS.');
  const api = await server.send(
    head('GET', `/json-api/savezone?api.version=1&zone=${zone}&zonedata=${encodeURIComponent(TEXT)}`),
  );
  expect(api.body.toString()).toContain('The name b\u00fccher.example is written xn--bcher-kva.example in DNS.');
});
