import { X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { keyStatements, STATEMENTS_PATH, successorsOf, type KeyStatement } from '../../src/access/key-statements.js';
import { ShownCertificate } from '../../src/access/shown-certificate.js';
import { createLog } from '../../src/operations/log.js';
import { openAnnouncing } from '../../src/web/listening/announcing-listener.js';
import type { TlsListener } from '../../src/web/listening/tls-listener.js';
import { selfSigned, type Pair } from '../certificates.js';

const log = createLog({ level: 'silent' });
let folder: string;
let shown: ShownCertificate;
let listener: TlsListener;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'shown-'));
  mkdirSync(join(folder, 'made'));
  await start();
});
afterEach(async () => {
  await stop();
  rmSync(folder, { recursive: true, force: true });
});

async function start(): Promise<void> {
  const own = { folder: join(folder, 'tls'), hostname: 'ns1.example.net', addresses: ['127.0.0.1'] };
  shown = await ShownCertificate.open({ ...own, log, every: 3_600_000 });
  listener = await openAnnouncing({ host: '127.0.0.1', port: 0 }, shown, (_, response) => response.end('app'));
}

async function stop(): Promise<void> {
  await shown.close();
  await listener.close();
}

function put({ key, cert }: Partial<Pair>): void {
  if (key !== undefined) writeFileSync(join(folder, 'tls', 'tls.key'), key);
  if (cert !== undefined) writeFileSync(join(folder, 'tls', 'tls.crt'), cert);
}

function fresh(key?: string): Pair {
  return selfSigned(join(folder, 'made'), 'ns1.example.net', key);
}

/** What a new connection is shown, and the answer. */
function ask(path: string): Promise<{ fingerprint: string; body: string }> {
  return new Promise((resolve, reject) => {
    const { port } = listener;
    const to = { host: '127.0.0.1', port, path, rejectUnauthorized: false, agent: false } as const;
    const sent = request(to, (response) => {
      const { socket } = response;
      const fingerprint = socket instanceof TLSSocket ? socket.getPeerCertificate().fingerprint256 : '';
      let body = '';
      response.on('data', (part) => (body += String(part))).on('end', () => resolve({ fingerprint, body }));
    });
    sent.on('error', reject).end();
  });
}

function fingerprintOf({ cert }: Pair): string {
  return new X509Certificate(cert).fingerprint256;
}

async function announced(): Promise<KeyStatement[]> {
  return keyStatements.parse(JSON.parse((await ask(STATEMENTS_PATH)).body));
}

describe('a renewed certificate', () => {
  test('is shown to new connections without a restart, and the app is the same', async () => {
    expect((await ask('/')).fingerprint).toBe(shown.current.fingerprint);
    const renewed = fresh();
    put(renewed);
    await shown.look();
    expect(await ask('/')).toEqual({ fingerprint: fingerprintOf(renewed), body: 'app' });
    expect([listener.fingerprint, shown.current.fingerprint]).toEqual(Array(2).fill(fingerprintOf(renewed)));
  });

  test('of the same key needs no statement', async () => {
    const { key, keyPin } = shown.current;
    put(fresh(key));
    await shown.look();
    expect(shown.current.keyPin).toBe(keyPin);
    expect(await announced()).toEqual([]);
  });

  test('of another key is signed by the old one, and the statements are kept over a restart', async () => {
    const { keyPin: first } = shown.current;
    put(fresh());
    await shown.look();
    const { keyPin: second } = shown.current;
    put(fresh());
    await shown.look();
    const { keyPin: third } = shown.current;
    expect(successorsOf(first, third, await announced())).toEqual([second, third]);
    await stop();
    await start();
    expect(successorsOf(first, third, await announced())).toEqual([second, third]);
  });

  test('that came while the server was stopped is signed by the key of the last run', async () => {
    const { keyPin: first } = shown.current;
    await stop();
    put(fresh());
    await start();
    expect(successorsOf(first, shown.current.keyPin, await announced())).toEqual([shown.current.keyPin]);
  });

  test('leaves nothing that others can read', () => {
    expect(statSync(join(folder, 'tls', 'announced.json')).mode & 0o777).toBe(0o600);
  });

  test('is signed by nothing where what was remembered is damaged, and is shown all the same', async () => {
    await stop();
    writeFileSync(join(folder, 'tls', 'announced.json'), '{"key":');
    const renewed = fresh();
    put(renewed);
    await start();
    expect((await ask('/')).fingerprint).toBe(fingerprintOf(renewed));
    expect(await announced()).toEqual([]);
  });
});

describe('files that can not be used', () => {
  const half = (text: string): string => text.slice(0, text.length / 2);
  test.each<[string, (pair: Pair) => Partial<Pair>]>([
    ['a key without its certificate', ({ key }) => ({ key })],
    ['a certificate without its key', ({ cert }) => ({ cert })],
    ['half a certificate', ({ key, cert }) => ({ key, cert: half(cert) })],
    ['half a key', ({ key, cert }) => ({ key: half(key), cert })],
    ['a chain that ends in the middle', ({ key, cert }) => ({ key, cert: `${cert}${half(cert)}` })],
    ['an empty file', ({ key }) => ({ key, cert: '' })],
  ])('are not taken: %s', async (_what, written) => {
    const before = shown.current.fingerprint;
    const renewed = fresh();
    put(written(renewed));
    await shown.look();
    // Somebody may be writing.
    expect(shown.fault).toBeUndefined();
    await shown.look();
    expect(shown.fault).toContain(join(folder, 'tls', 'tls.crt'));
    expect((await ask('/')).fingerprint).toBe(before);
    put(renewed);
    await shown.look();
    expect(shown.fault).toBeUndefined();
    expect((await ask('/')).fingerprint).toBe(fingerprintOf(renewed));
  });

  test('do not make a new certificate while the server runs', async () => {
    const before = shown.current.fingerprint;
    rmSync(join(folder, 'tls', 'tls.crt'));
    const key = readFileSync(join(folder, 'tls', 'tls.key'), 'utf8');
    await shown.look();
    await shown.look();
    expect(shown.fault).toContain('tls.crt');
    expect((await ask('/')).fingerprint).toBe(before);
    expect(readFileSync(join(folder, 'tls', 'tls.key'), 'utf8')).toBe(key);
  });
});
