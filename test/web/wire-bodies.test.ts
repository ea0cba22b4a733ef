import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { SELF } from '../../src/access/principal.js';
import type { Cluster } from '../../src/cluster/cluster.js';
import { TokenStore } from '../../src/access/tokens.js';
import { encodeBundle } from '../../src/wire-format/zone-bundle.js';
import { createLog } from '../../src/operations/log.js';
import { createApi } from '../../src/web/api.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { loneCluster } from '../cluster/lone-cluster.js';
import { zoneText } from './wire-api.js';

const log = createLog({ level: 'silent' });
const MIB = 1024 * 1024;

let folder: string;
let server: Server;
let cluster: Cluster;
let tokens: TokenStore;
let secret: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bodies-'));
  tokens = await TokenStore.open(join(folder, 'tokens.json'), { log });
  ({ secret } = await tokens.create({ user: 'root', kind: 'root', name: 'peer', privileges: ['all'] }));
  cluster = await loneCluster(folder);
  server = createServer(createApi({ cluster, tokens, version: '0.1.0', log }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  vi.restoreAllMocks();
  await tokens.close();
  await cluster.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Sent {
  status: number;
  body: string;
  /** Octets that the client could hand over before the answer came. */
  sent: number;
}

/** Sends a body as a stream, and goes on reading the answer whatever the server does with the rest. */
function send(call: string, body: Readable, headers: Record<string, string> = {}): Promise<Sent> {
  return new Promise((resolve, reject) => {
    let sent = 0;
    const { port } = server.address() as AddressInfo;
    const outgoing = httpRequest(
      {
        host: '127.0.0.1',
        port,
        method: 'POST',
        path: `/scripts2/${call}`,
        headers: { authorization: `whm root:${secret}`, ...headers },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text, sent }));
      },
    );
    outgoing.on('error', reject);
    body.on('data', (chunk: Buffer) => (sent += chunk.length));
    body.pipe(outgoing);
  });
}

function* megabytes(count: number, begin: string): Generator<Buffer> {
  yield Buffer.from(begin);
  const chunk = Buffer.alloc(MIB, 0x61);
  for (let i = 0; i < count; i++) yield chunk;
}

test('a body of 100 MB is refused with 413 and a sentence, and nothing is changed', async () => {
  const answer = await send('savezone_local', Readable.from(megabytes(100, 'zone=a.example&zonedata=')));
  expect(answer.status).toBe(413);
  expect(answer.body).toMatch(/larger than \d+ bytes.*smaller parts/);
  expect(cluster.zones.count(SELF)).toBe(0);
});

test('a small body that gzip swells to 200 MB is refused the same', async () => {
  const swelling = gzipSync(Buffer.alloc(200 * MIB, 0x61));
  expect(swelling.length).toBeLessThan(MIB);
  const answer = await send('savezone_local', Readable.from([swelling]), { 'content-encoding': 'gzip' });
  expect(answer.status).toBe(413);
});

test('a body that says it is gzip and is not is refused as unreadable, not as our mistake', async () => {
  const answer = await send('savezone_local', Readable.from([Buffer.from('zone=a.example')]), {
    'content-encoding': 'gzip',
  });
  expect(answer.status).toBe(400);
});

test('a body that says it is 100 MB is refused before any of it is read', async () => {
  const length = 100 * MIB;
  const before = process.memoryUsage().arrayBuffers;
  const answer = await send('synczones_local', Readable.from(megabytes(100, '')), { 'content-length': String(length) });
  expect(answer.status).toBe(413);
  expect(answer.body).toMatch(/larger than \d+ bytes and was not read/);
  expect(answer.sent).toBeLessThan(20 * MIB);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(40 * MIB);
});

test.each([
  ['refused for its token', { authorization: 'whm root:wrong' }],
  ['refused for its length', { 'content-length': String(100 * MIB) }],
])('a sender that goes on with a body that was %s is cut off', async (_, headers) => {
  const { port } = server.address() as AddressInfo;
  const outgoing = httpRequest({
    host: '127.0.0.1',
    port,
    method: 'POST',
    path: '/scripts2/synczones_local',
    headers: { authorization: `whm root:${secret}`, ...headers },
  });
  const closed = new Promise((resolve) => outgoing.on('close', resolve));
  outgoing.on('error', () => undefined);
  const answered = new Promise<{ statusCode?: number | undefined; headers: object }>((resolve) =>
    outgoing.on('response', resolve),
  );
  outgoing.write('x');
  expect((await answered).headers).toMatchObject({ connection: 'close' });
  const start = performance.now();
  await closed;
  expect(performance.now() - start).toBeLessThan(4_000);
});

test('after a small call that was refused, its connection goes on', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const { port } = server.address() as AddressInfo;
  let connections = 0;
  server.on('connection', () => connections++);
  const call = (token: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const headers = { authorization: `whm root:${token}` };
      const path = '/scripts2/getzonelist_local';
      const outgoing = httpRequest({ host: '127.0.0.1', port, method: 'POST', path, headers, agent }, (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode));
      });
      outgoing.on('error', reject);
      outgoing.end('zone=a.example');
    });
  expect([await call('wrong'), await call(secret), await call('wrong'), await call(secret)]).toEqual([
    401, 200, 401, 200,
  ]);
  expect(connections).toBe(1);
  agent.destroy();
});

test.each(['a=&', 'cpdnszone-x=1&', '&'])('a body of half a million pairs "%s" is refused', async (pair) => {
  const body = Readable.from([Buffer.from(pair.repeat(500_000))]);
  const answer = await send('synczones_local', body);
  expect([answer.status, answer.body]).toEqual([413, expect.stringContaining('more than 100000 parameters')]);
});

test.each(['getzones_local', 'removezones_local', 'zonedigests_local', 'reloadzones_local'])(
  'a list of half a million names for %s is refused',
  async (call) => {
    const answer = await send(call, Readable.from([Buffer.from(`zones=${','.repeat(500_000)}`)]));
    expect([answer.status, answer.body]).toEqual([413, expect.stringContaining('more than 100000 parameters')]);
  },
);

test.each(['br', 'deflate', 'gzip, gzip'])('a body packed as %s is refused with 415', async (encoding) => {
  const answer = await send('savezone_local', Readable.from([Buffer.from('x')]), { 'content-encoding': encoding });
  expect(answer.status).toBe(415);
});

test('a token without the privilege gets nothing read on /json-api either', async () => {
  const none = await tokens.create({ user: 'bob', kind: 'reseller', name: 'none', privileges: [] });
  const { port } = server.address() as AddressInfo;
  const headers = { authorization: `whm bob:${none.secret}`, 'content-length': String(50 * MIB) };
  const path = '/json-api/savezone?api.version=1';
  const outgoing = httpRequest({ host: '127.0.0.1', port, method: 'POST', path, headers });
  outgoing.on('error', () => undefined);
  outgoing.write('zone=a.example&');
  const status = await new Promise((resolve) => outgoing.on('response', ({ statusCode }) => resolve(statusCode)));
  expect(status).toBe(200);
  outgoing.destroy();
});

test('a bundle waits at its sender while zones are written, so that its size takes no memory', async () => {
  const text = Buffer.from(`${zoneText(1)}${`; ${'x'.repeat(98)}\n`.repeat(200)}`);
  const zones = Array.from({ length: 2_500 }, (_, i) => ({ name: `z${i}.example`, text }));
  const save = cluster.zones.saveMany.bind(cluster.zones);
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  vi.spyOn(cluster.zones, 'saveMany').mockImplementation(async (...given) => {
    await held;
    return save(...given);
  });
  let sent = 0;
  function* body(): Generator<Buffer> {
    yield Buffer.from('dnsuniqid=big_1&');
    for (let i = 0; i < zones.length; i += 10) {
      const part = encodeBundle(zones.slice(i, i + 10));
      sent += part.length;
      yield part;
    }
  }
  const answer = send('synczones_local', Readable.from(body()));
  let before = -1;
  while (sent !== before) {
    before = sent;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  expect(sent).toBeLessThan(35 * MIB);
  release();
  const { status, body: lines } = await answer;
  expect(sent).toBeGreaterThan(50 * MIB);
  expect([status, lines.match(/ => saved, /g)?.length]).toEqual([200, 2_500]);
});

test('a bundle of all zones is read as its receiver takes it', async () => {
  const text = Buffer.from(`${zoneText(1)}; ${'x'.repeat(100_000)}\n`);
  await Promise.all(Array.from({ length: 1_000 }, (_, i) => cluster.zones.save(zoneName(`z${i}.example`), text, SELF)));
  const { calls: reads } = vi.spyOn(cluster.zones, 'text').mock;
  const { port } = server.address() as AddressInfo;
  const headers = { authorization: `whm root:${secret}` };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    httpRequest({ host: '127.0.0.1', port, path: '/scripts2/getallzones_local?', headers }, resolve)
      .on('error', reject)
      .end();
  });
  let before = -1;
  while (reads.length !== before) {
    before = reads.length;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  expect(reads.length).toBeLessThan(500);
  let octets = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) octets += chunk.length;
  expect(reads.length).toBe(1_000);
  expect(octets).toBeGreaterThan(1_000 * text.length);
});

test('where a bundle breaks off in the middle, the answer still says what was saved before', async () => {
  function* body(): Generator<Buffer> {
    yield Buffer.from('dnsuniqid=big_2&');
    yield encodeBundle([{ name: 'a.example', text: Buffer.from(zoneText(1)) }]);
    yield* megabytes(90, 'cpdnszone-b.example=');
  }
  const { status, body: text } = await send('synczones_local', Readable.from(body()));
  expect(status).toBe(413);
  expect(text).toMatch(/^The request is larger than .*\na\.example => saved, serial 1, /);
  expect(cluster.zones.list(SELF).map(({ name }) => name)).toEqual(['a.example']);
});

test('without a good token a body is not waited for', async () => {
  const answer = await send('synczones_local', Readable.from(megabytes(100, 'x=')), {
    authorization: 'whm root:wrong',
  });
  expect(answer.status).toBe(401);
  expect(answer.sent).toBeLessThan(50 * MIB);
});

test('a sender that goes away in mid-body harms nothing', async () => {
  const { port } = server.address() as AddressInfo;
  const outgoing = httpRequest({
    host: '127.0.0.1',
    port,
    method: 'POST',
    path: '/scripts2/savezone_local',
    headers: { authorization: `whm root:${secret}`, 'content-length': '1000' },
  });
  outgoing.on('error', () => undefined);
  const arrived = new Promise((resolve) => server.once('request', resolve));
  outgoing.write('zone=a.example&zonedata=');
  await arrived;
  outgoing.destroy();
  const answer = await send('zoneexists_local', Readable.from([Buffer.from('zone=a.example')]));
  expect([answer.status, answer.body]).toEqual([200, '0']);
  expect(cluster.zones.list(SELF)).toEqual([]);
});
