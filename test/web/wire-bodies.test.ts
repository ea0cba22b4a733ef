import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SELF } from '../../src/access/principal.js';
import { TokenStore } from '../../src/access/tokens.js';
import { createLog } from '../../src/operations/log.js';
import { createApi } from '../../src/web/api.js';
import { MemoryCluster } from './memory-cluster.js';

const log = createLog({ level: 'silent' });
const MIB = 1024 * 1024;

let folder: string;
let server: Server;
let cluster: MemoryCluster;
let tokens: TokenStore;
let secret: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bodies-'));
  tokens = await TokenStore.open(join(folder, 'tokens.json'), { log });
  ({ secret } = await tokens.create({ user: 'root', kind: 'root', name: 'peer', privileges: ['all'] }));
  cluster = new MemoryCluster();
  server = createServer(createApi({ cluster, tokens, version: '0.1.0', log }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await tokens.close();
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
  expect(cluster.zones.size).toBe(0);
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
  expect(cluster.listZones(SELF)).toEqual([]);
});
