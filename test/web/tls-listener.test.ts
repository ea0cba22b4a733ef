import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { connect as connectPlain, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { ownCertificate, type Certificate } from '../../src/state/certificate.js';
import { TlsListener, type ListenerLimits } from '../../src/web/listening/tls-listener.js';

let folder: string;
let certificate: Certificate;
let listener: TlsListener | undefined;
const sockets: Socket[] = [];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tls-listener-'));
  certificate = await ownCertificate(folder, 'ns1', ['127.0.0.1']);
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await listener?.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const answer: RequestListener = (request, response) => {
  request.resume();
  response.end('here');
};

async function open(limits: Partial<ListenerLimits> = {}, app = answer): Promise<void> {
  listener = await TlsListener.open({ host: '0.0.0.0', port: 0, ...certificate }, app, {
    checkInterval: 20,
    ...limits,
  });
}

function port(): number {
  if (listener === undefined) throw new Error('nothing listens');
  return listener.port;
}

/** A connection on which TLS stands. */
async function connected(options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port: port(), rejectUnauthorized: false, ...options });
  sockets.push(socket);
  const failed = new Promise<never>((_, reject) => socket.once('error', reject));
  await Promise.race([
    once(socket, 'secureConnect'),
    failed,
    once(socket, 'close').then(() => Promise.reject(new Error('closed'))),
  ]);
  socket.on('error', () => undefined);
  return socket;
}

/** All that comes until the other side ends it. */
async function untilEnd(socket: Socket): Promise<string> {
  return text(socket).catch(() => '');
}

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n';

describe('TLS', () => {
  test.each(['TLSv1.2', 'TLSv1.3'] as const)('by %s is spoken', async (version) => {
    await open();
    const socket = await connected({ minVersion: version, maxVersion: version });
    expect(socket.getProtocol()).toBe(version);
  });

  test.each(['TLSv1', 'TLSv1.1'] as const)('by %s is refused', async (version) => {
    await open();
    // Old versions sign by SHA-1, which the client, too, must be talked into.
    const old = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    await expect(connected(old)).rejects.toMatchObject({
      code: expect.stringMatching(/ALERT_PROTOCOL_VERSION/) as string,
    });
  });
});

describe('a connection', () => {
  test('on which no handshake begins is ended', async () => {
    await open({ handshake: 200 });
    const socket = connectPlain(port(), '127.0.0.1');
    sockets.push(socket);
    expect(await untilEnd(socket)).toBe('');
  });

  test.each([
    ['says nothing', ''],
    ['sends half a line', 'GET / HT'],
    ['sends a header now and then for ever', GET],
  ])('that %s is ended, and no request comes of it', async (_, begun) => {
    let requests = 0;
    await open({ headers: 300 }, (request, response) => {
      requests++;
      answer(request, response);
    });
    const socket = await connected();
    socket.write(begun);
    const drip = begun === GET ? setInterval(() => socket.write('X-A: b\r\n'), 20) : undefined;
    expect(await untilEnd(socket)).toMatch(/^(HTTP\/1\.1 408 |$)/);
    clearInterval(drip);
    expect(requests).toBe(0);
  });

  test('whose body comes an octet now and then for ever is ended', async () => {
    const ended = vi.fn();
    await open({ headers: 200, request: 500 }, (request) => {
      request.on('error', () => undefined).on('close', ended);
      request.resume();
    });
    const socket = await connected();
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n');
    const drip = setInterval(() => socket.write('x'), 20);
    await untilEnd(socket);
    clearInterval(drip);
    await vi.waitFor(() => expect(ended).toHaveBeenCalled());
  });

  test('that asks nothing more after an answer is ended', async () => {
    await open({ idle: 200 });
    const socket = await connected();
    socket.write(`${GET}\r\n`);
    expect(await untilEnd(socket)).toContain('here');
  });

  test.each([
    ['an address of 20 kB', `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`],
    ['a header of 20 kB', `${GET}X-A: ${'a'.repeat(20_000)}\r\n\r\n`],
    ['10,000 headers', `${GET}${'X-A: b\r\n'.repeat(10_000)}\r\n`],
  ])('that brings %s is answered 431 and ended, and no request comes of it', async (_, head) => {
    let requests = 0;
    await open({}, (request, response) => {
      requests++;
      answer(request, response);
    });
    const socket = await connected();
    socket.write(head);
    expect(await untilEnd(socket)).toMatch(/^HTTP\/1\.1 431 /);
    expect(requests).toBe(0);
  });
});

describe('too many connections', () => {
  /** Does a request on it get its answer? */
  const works = async (socket: Socket): Promise<boolean> => {
    socket.write(`${GET}\r\n`);
    const [octets] = (await Promise.race([once(socket, 'data'), once(socket, 'close').then(() => [''])])) as [unknown];
    return String(octets).includes('200 OK');
  };

  test('of one address are ended, and another address has its own', async () => {
    await open({ connectionsOfOne: 3 });
    const held = [await connected(), await connected(), await connected()];
    for (let tries = 0; tries < 5; tries++) await expect(connected()).rejects.toThrow();
    const other = await connected({ localAddress: '127.0.0.2' } as ConnectionOptions);
    expect(await Promise.all([...held, other].map(works))).toEqual([true, true, true, true]);
    // What was given back can be taken again.
    for (const socket of held) socket.destroy();
    await vi.waitFor(async () => expect(await works(await connected())).toBe(true));
  });

  test('of all together are ended, and those before go on', async () => {
    await open({ connections: 2 });
    const held = [await connected(), await connected({ localAddress: '127.0.0.2' } as ConnectionOptions)];
    await expect(connected({ localAddress: '127.0.0.3' } as ConnectionOptions)).rejects.toThrow();
    expect(await Promise.all(held.map(works))).toEqual([true, true]);
  });
});
