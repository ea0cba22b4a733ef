import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SELF } from '../../src/access/principal.js';
import { trustConnections } from '../../src/access/local-connections.js';
import { TokenStore } from '../../src/access/tokens.js';
import type { Cluster } from '../../src/cluster/cluster.js';
import type { RescanResult } from '../../src/cluster/local/rescan.js';
import { createLog } from '../../src/operations/log.js';
import { createApi } from '../../src/web/api.js';
import { ControlSocket } from '../../src/web/listening/control-socket.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { loneCluster } from '../cluster/lone-cluster.js';
import { zoneText } from '../cluster/zone-texts.js';
import { builtProgram, runProgram, type Run } from './built-program.js';

const program = builtProgram();
const NOTHING: RescanResult = {
  changed: [],
  added: [],
  broken: [],
  missing: [],
  removed: [],
  strange: [],
  unchanged: 0,
};
const log = createLog({ level: 'silent' });

const dnscluster = (args: readonly string[], env: Record<string, string> = {}): Promise<Run> =>
  runProgram(program, ['zones', 'rescan', ...args], { env });

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zones-rescan-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('dnscluster zones rescan without a service', () => {
  test('says that none runs there, to programs, too', async () => {
    const { status, out, err } = await dnscluster(['--folder', folder, '--json']);
    const sentence = `No DNS cluster service runs on ${folder}. Start it, or name the folder of the running one with --folder.`;
    expect([status, err]).toEqual([3, `${sentence}\n`]);
    expect(JSON.parse(out)).toEqual({ error: { code: 'unreachable', message: sentence } });
  });

  test('says that the one of before is not running, where its socket was left behind', async () => {
    mkdirSync(join(folder, 'control'));
    const left = createServer().listen(join(folder, 'control', 'control.sock'));
    await once(left, 'listening');
    const path = join(folder, 'control', 'kept');
    linkSync(join(folder, 'control', 'control.sock'), path);
    left.close();
    renameSync(path, join(folder, 'control', 'control.sock'));
    const { status, err } = await dnscluster(['--folder', folder, '--json']);
    expect([status, err]).toEqual([
      3,
      `The DNS cluster service on ${folder} is not running. Start it and try again.\n`,
    ]);
  });

  test('explains itself', async () => {
    const { status, out } = await dnscluster(['--help']);
    expect(status).toBe(0);
    for (const word of [
      '--folder',
      'DNSCLUSTER_FOLDER',
      '/var/lib/dns-cluster',
      '--json',
      'It exits with 1',
      'broken file',
    ])
      expect(out.replaceAll(/\s+/g, ' ')).toContain(word);
    expect((await dnscluster(['--fast'])).status).toBe(2);
  });
});

describe.each([
  ['the folder of a node', (node: string) => node],
  ["the plugin's folder", (node: string) => join(node, 'dns-cluster')],
  [
    'a folder whose path is longer than a socket may have',
    (node: string) => join(node, 'n'.repeat(120), 'dns-cluster'),
  ],
])('dnscluster zones rescan with %s', (_, place) => {
  let cluster: Cluster;
  let tokens: TokenStore;
  let control: ControlSocket;
  let given: string;
  beforeEach(async () => {
    given = place(folder);
    const own = given.endsWith('dns-cluster') ? given : join(given, 'dns-cluster');
    mkdirSync(own, { recursive: true });
    cluster = await loneCluster(folder);
    tokens = await TokenStore.open(join(folder, 'tokens.json'), { log });
    control = await ControlSocket.open(own, createApi({ cluster, tokens, version: '0', log }));
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await control.close();
    await tokens.close();
    await cluster.stop();
  });

  test('is done with root’s right, and exits with 0 where all is well', async () => {
    for (const name of ['a.example', 'b.example', 'c.example'])
      await cluster.zones.save(zoneName(name), zoneText(1), SELF);
    expect(await dnscluster([], { DNSCLUSTER_FOLDER: given })).toMatchObject({ status: 0, out: 'Unchanged: 3\n' });
    const { status, out, err } = await dnscluster(['--json', '--folder', given]);
    expect([status, JSON.parse(out), err]).toEqual([0, { ...NOTHING, unchanged: 3 }, '']);
  });

  test('lists what was found, and exits with 1 where files need somebody', async () => {
    const [a, b, c] = [zoneName('a.example'), zoneName('b.example'), zoneName('c.example')];
    vi.spyOn(cluster.files, 'rescan').mockResolvedValue({
      ...NOTHING,
      changed: [
        { zone: a, serial: 8, lifted: true, local: { state: 'served' } },
        { zone: c, serial: 9, lifted: false, local: { state: 'pending', reason: 'BIND is away.' } },
      ],
      broken: [{ zone: b, why: 'line 4: no address' }],
      unchanged: 1,
    });
    const { status, out } = await dnscluster(['--folder', given]);
    expect(status).toBe(1);
    expect(out).toBe(
      'Edited by hand, taken: 2\n  a.example  serial 8 (lifted), served\n  c.example  serial 9, waits: BIND is away.\n' +
        'Broken, not used: 1\n  b.example  line 4: no address\nUnchanged: 1\n',
    );
  });
});

describe('the control socket', () => {
  test('is open to its user alone, in a folder that is', async () => {
    mkdirSync(join(folder, 'control'), { mode: 0o777 });
    chmodSync(join(folder, 'control'), 0o777);
    writeFileSync(join(folder, 'control', 'control.sock'), 'left behind');
    const control = await ControlSocket.open(folder, express());
    expect(statSync(join(folder, 'control')).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, 'control', 'control.sock')).mode & 0o777).toBe(0o600);
    await control.close();
    expect(existsSync(join(folder, 'control', 'control.sock'))).toBe(false);
  });

  test('lends nothing to connections over TCP: they need a token, whatever they say', async () => {
    const tokens = await TokenStore.open(join(folder, 'tokens.json'), { log });
    const cluster = await loneCluster(folder);
    const app = createApi({ cluster, tokens, version: '0', log });
    const control = await ControlSocket.open(folder, app);
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    expect(() => trustConnections(server)).toThrow();
    const ask = (target: object): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const headers = { host: 'localhost', 'x-forwarded-for': '', forwarded: 'for=unix:' };
        const sent = request({ path: '/json-api/rescanzones?api.version=1', headers, ...target }, (response) => {
          response.resume().once('end', () => resolve(response.statusCode));
        });
        sent.on('error', reject).end();
      });
    const address = server.address() as { port: number };
    expect(await ask({ host: '127.0.0.1', port: address.port })).toBe(403);
    expect(await ask({ socketPath: join(folder, 'control', 'control.sock') })).toBe(200);
    expect(await ask({ host: '127.0.0.1', port: address.port })).toBe(403);
    await new Promise((resolve) => server.close(resolve));
    await control.close();
    await tokens.close();
    await cluster.stop();
  });
});
