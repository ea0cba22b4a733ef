import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import supertest from 'supertest';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { parseName } from '../../src/dns/name.js';
import { DnsClient } from '../../src/dns/messages/query.js';
import type { HostPanel } from '../../src/host/host-panel.js';
import { createLog } from '../../src/operations/log.js';
import { demandFree, freePort } from '../../src/operations/ports.js';
import { createPlugin, type Plugin, type PluginSettings } from '../../src/plugin.js';
import { ownCertificate } from '../../src/state/certificate.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { ROOT, zoneText } from './zone-texts.js';

const host: HostPanel = { name: 'test', identify: () => undefined, users: () => [] };
const name = zoneName('a.example');

let folder: string;
const started: Plugin[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'plugin-'));
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((plugin) => plugin.stop()));
  rmSync(folder, { recursive: true, force: true });
});

function create(place: string, settings: Partial<PluginSettings> = {}, panel = host): Plugin {
  const plugin = createPlugin(panel, {
    folder: place,
    hostname: 'web',
    nameserver: { kind: 'embedded', host: '127.0.0.1', port: 0 },
    log: createLog({ level: 'silent' }),
    ...settings,
  });
  started.push(plugin);
  return plugin;
}

/** Sockets and files that are open. */
function open(): number {
  return readdirSync('/proc/self/fd').length;
}

async function serves(port: number): Promise<number | undefined> {
  const client = new DnsClient({ host: '127.0.0.1', port }, { timeout: 500 });
  try {
    return await client.soaSerial(parseName(`${name}.`)).catch(() => -1);
  } finally {
    client.close();
  }
}

describe('a start that fails', () => {
  /**
   * Nothing is left: no lock, no open file or socket, and the same folder can be started as soon as the cause is gone.
   */
  async function leavesNothing(plugin: Plugin, repair: () => Promise<void> | void, error: unknown): Promise<void> {
    const before = open();
    for (let tries = 0; tries < 3; tries++) await expect(plugin.start()).rejects.toMatchObject(error as object);
    expect(open()).toBe(before);
    expect(existsSync(folder) ? readdirSync(folder) : []).not.toContain('lock');
    expect(() => plugin.cluster).toThrow('not started');
    await plugin.stop();
    await repair();
    await plugin.start();
    expect((await plugin.cluster.saveZone(name, zoneText(1), ROOT)).local.state).toBe('served');
  }

  test.each(['udp', 'tcp'])('because the port of the nameserver is in use (%s) says so', async (kind) => {
    const port = await freePort();
    const taker =
      kind === 'udp' ? createSocket('udp4').bind(port, '127.0.0.1') : createServer().listen(port, '127.0.0.1');
    await once(taker, 'listening');
    const plugin = create(folder, { nameserver: { kind: 'embedded', host: '127.0.0.1', port } });
    const repair = async (): Promise<void> => {
      taker.close();
      await once(taker, 'close');
    };
    await leavesNothing(plugin, repair, {
      code: 'nameserver_cannot_listen',
      message: expect.stringMatching(new RegExp(`127\\.0\\.0\\.1:${port}.*EADDRINUSE`)) as string,
    });
  });

  test('because the schedule of the health checker is none', async () => {
    const before = open();
    await expect(create(folder, { healthSchedule: 'now and then' }).start()).rejects.toThrow();
    expect(open()).toBe(before);
    await create(folder).start();
  });

  test('because the port of the API is in use says so', async () => {
    const taker = createServer().listen(0, '127.0.0.1');
    await once(taker, 'listening');
    const { port } = taker.address() as AddressInfo;
    const plugin = create(folder, { apiListener: { host: '127.0.0.1', port } });
    const repair = async (): Promise<void> => {
      taker.close();
      await once(taker, 'close');
    };
    await leavesNothing(plugin, repair, {
      code: 'api_cannot_listen',
      message: expect.stringMatching(new RegExp(`127\\.0\\.0\\.1:${port}.*EADDRINUSE`)) as string,
    });
  });

  test.each(['the key of another certificate', 'no key'])('because its certificate comes with %s', async (what) => {
    const [own, other] = await Promise.all(
      ['own', 'other'].map((which) => ownCertificate(join(folder, which), which, [])),
    );
    const key = what === 'no key' ? {} : { key: other?.key ?? '' };
    const before = open();
    const plugin = create(folder, { apiListener: { host: '127.0.0.1', port: 0, cert: own?.cert ?? '', ...key } });
    await expect(plugin.start()).rejects.toMatchObject({ code: 'api_cannot_listen' });
    expect(open()).toBe(before);
  });

  test('because the folder of the ledgers cannot be made', async () => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'ledgers'), 'in the way');
    await leavesNothing(create(folder), () => rmSync(join(folder, 'ledgers')), { code: 'EEXIST' });
  });

  test('because another one has the folder leaves that one alone', async () => {
    const first = create(folder);
    await first.start();
    await expect(create(folder).start()).rejects.toMatchObject({ code: 'folder_in_use' });
    expect((await first.cluster.saveZone(name, zoneText(1), ROOT)).local.state).toBe('served');
  });
});

describe('start and stop', () => {
  test('twice are as once, in whatever order they come', async () => {
    const port = await freePort();
    const plugin = create(folder, { nameserver: { kind: 'embedded', host: '127.0.0.1', port } });
    await plugin.stop();
    await Promise.all([plugin.start(), plugin.start()]);
    const { cluster } = plugin;
    await plugin.start();
    expect(plugin.cluster).toBe(cluster);
    await cluster.saveZone(name, zoneText(5), ROOT);
    expect(await serves(port)).toBe(5);
    await Promise.all([plugin.stop(), plugin.stop()]);
    expect(await serves(port)).toBe(-1);
    await Promise.all([plugin.start(), plugin.stop(), plugin.start()]);
    expect(await serves(port)).toBe(5);
    expect(plugin.cluster.listZones(ROOT)).toMatchObject([{ name, serial: 5 }]);
  });

  test('leave no open file and no socket behind, however often', async () => {
    const plugin = create(folder);
    await plugin.start();
    await plugin.stop();
    const before = open();
    for (let round = 0; round < 5; round++) {
      await plugin.start();
      await plugin.cluster.saveZone(name, zoneText(round + 1), ROOT);
      await plugin.stop();
    }
    expect(open()).toBe(before);
    expect(readdirSync(folder)).not.toContain('lock');
  });

  test('answer 503 before and after, and the real apps in between', async () => {
    const plugin = create(folder);
    const ask = (): Promise<{ status: number }> => supertest(plugin.api).get('/scripts2/showversion');
    expect((await ask()).status).toBe(503);
    await plugin.start();
    expect((await ask()).status).toBe(401);
    await plugin.stop();
    expect((await ask()).status).toBe(503);
  });

  test('say in the pages and the API whether it is starting or could not', async () => {
    writeFileSync(join(folder, 'ledgers'), 'in the way');
    const plugin = create(folder);
    const said = async (): Promise<string> => (await supertest(plugin.pages).get('/').expect(503)).text;
    expect(await said()).toContain('is starting');
    await expect(plugin.start()).rejects.toThrow();
    expect(await said()).toContain('could not start');
    rmSync(join(folder, 'ledgers'));
    await plugin.start();
    await supertest(plugin.pages).get('/').expect(401);
  });

  test('leave all paths but those of the API to the host on whose root it is mounted', async () => {
    const plugin = create(folder);
    const app = express()
      .use(plugin.api)
      .use((_request, response) => void response.status(404).send('of the host'));
    const ask = async (path: string): Promise<string> => (await supertest(app).get(path)).text;
    for (const started of [false, true]) {
      if (started) await plugin.start();
      expect([await ask('/'), await ask('/scripts2x'), await ask('/cgi/own.cgi')]).toEqual(
        Array(3).fill('of the host'),
      );
      expect(await ask('/scripts2/showversion')).not.toBe('of the host');
    }
  });

  test('end a change that is under way in order: what was answered is there', async () => {
    const plugin = create(folder);
    await plugin.start();
    const saving = plugin.cluster.saveZone(name, zoneText(5), ROOT);
    await Promise.all([saving, plugin.stop()]);
    await plugin.start();
    expect(plugin.cluster.zones.get(name, ROOT)?.serial).toBe(5);
  });
});

describe('a TLS listener of its own', () => {
  const settings = { apiListener: { host: '127.0.0.1', port: 0 } };

  test('lets a peer add it and send it zones, by a certificate that stays the same', async () => {
    const port = await freePort();
    const nameserver = { kind: 'embedded', host: '127.0.0.1', port } as const;
    const [web, ns] = [
      create(join(folder, 'web'), settings),
      create(join(folder, 'ns'), { ...settings, nameserver, hostname: 'ns' }),
    ];
    await Promise.all([web.start(), ns.start()]);
    const { secret: token } = await ns.tokens.create({ user: 'root', kind: 'root', name: 'web', privileges: ['all'] });
    const first = ns.apiListener;
    const member = { host: '127.0.0.1', port: first?.port ?? 0, dnsPort: port, user: 'root', token };
    await web.cluster.members.add({ ...member, role: 'write-only' }, ROOT);
    expect((await web.cluster.saveZone(name, zoneText(7), ROOT)).members).toMatchObject([{ state: 'served' }]);
    expect(await serves(port)).toBe(7);
    await ns.stop();
    await demandFree({ host: '127.0.0.1', port: first?.port ?? 0 });
    await ns.start();
    expect(ns.apiListener?.fingerprint).toBe(first?.fingerprint);
  });

  test('is known to the plugin: it never becomes its own member', async () => {
    const plugin = create(folder, settings);
    await plugin.start();
    const { secret: token } = await plugin.tokens.create({
      ...{ user: 'root', kind: 'root', name: 'self', privileges: ['all'] },
    });
    const self = { host: '127.0.0.1', port: plugin.apiListener?.port ?? 0, user: 'root', token, role: 'sync' } as const;
    await expect(plugin.cluster.members.add(self, ROOT)).rejects.toMatchObject({ code: 'member_is_self' });
  });
});

test('which proxies to trust is taken from the host: a token for an address works through them, and for nobody else', async () => {
  const plugin = create(folder);
  await plugin.start();
  const { secret } = await plugin.tokens.create({
    ...{ user: 'root', kind: 'root', name: 'there', privileges: ['all'], addresses: ['192.0.2.9'] },
  });
  const askThrough = async (trusted: string | false): Promise<number> => {
    const app = express().set('trust proxy', trusted).use(plugin.api);
    const call = supertest(app).get('/scripts2/showversion').set('Authorization', `Bearer ${secret}`);
    return (await call.set('X-Forwarded-For', '192.0.2.9')).status;
  };
  expect([await askThrough(false), await askThrough('loopback'), await askThrough(false)]).toEqual([401, 200, 401]);
});

test('wrong tokens are counted by the address that the host says: a forged one is nobody’s, and clients of a trusted proxy are counted apart', async () => {
  const plugin = create(folder);
  await plugin.start();
  const statusesOf = async (trusted: string | false): Promise<number[]> => {
    const app = express().set('trust proxy', trusted).use(plugin.api);
    const statuses: number[] = [];
    for (let i = 1; i <= 22; i++) {
      const call = supertest(app).get('/scripts2/showversion').set('Authorization', 'Bearer wrong');
      statuses.push((await call.set('X-Forwarded-For', `192.0.2.${i}`)).status);
    }
    return statuses;
  };
  expect(new Set(await statusesOf('loopback'))).toEqual(new Set([401]));
  expect((await statusesOf(false)).slice(19)).toEqual([401, 429, 429]);
});

test('two instances live in one process, each with its own zones, answers and end', async () => {
  const [first, second] = await Promise.all([freePort(), freePort()]);
  const [one, other] = [first, second].map((port) => {
    return create(join(folder, String(port)), { nameserver: { kind: 'embedded', host: '127.0.0.1', port } });
  });
  if (one === undefined || other === undefined) throw new Error('two were made');
  await Promise.all([one.start(), other.start()]);
  await one.cluster.saveZone(name, zoneText(5), ROOT);
  expect([await serves(first), await serves(second)]).toEqual([5, undefined]);
  await one.stop();
  await other.cluster.saveZone(name, zoneText(9), ROOT);
  expect([await serves(first), await serves(second)]).toEqual([-1, 9]);
});

test('the tokens of a user whom the host removes are refused for good, on every path, and root is told', async () => {
  const bob = { user: 'bob', kind: 'reseller' } as const;
  let users: ReturnType<HostPanel['users']> = [{ user: 'root', kind: 'root' }, bob];
  const told: string[] = [];
  const panel: HostPanel = { ...host, users: () => users, notify: ({ subject }) => void told.push(subject) };
  const plugin = create(folder, {}, panel);
  await plugin.start();
  const { secret } = await plugin.tokens.create({ ...bob, name: 'web1', privileges: ['clustering'] });
  const app = express().use(plugin.api);
  const statuses = (): Promise<number[]> =>
    Promise.all(
      ['/json-api/version', '/scripts2/getallzones_local'].map(
        async (path) => (await supertest(app).get(path).set('Authorization', `whm bob:${secret}`)).status,
      ),
    );
  expect(await statuses()).toEqual([200, 200]);
  users = users.slice(0, 1);
  expect(await statuses()).toEqual([403, 401]);
  await vi.waitFor(() => expect(told).toEqual(['API tokens of bob are refused']));
  users = [...users, bob];
  expect(await statuses()).toEqual([403, 401]);
});

test('the host is asked once who its users are for each call with a token, and again for the next', async () => {
  let asked = 0;
  const users: HostPanel['users'] = () => {
    asked++;
    return [{ user: 'root', kind: 'root', id: 'r1' }];
  };
  const plugin = create(folder, {}, { ...host, users });
  await plugin.start();
  const { secret } = await plugin.tokens.create({ user: 'root', kind: 'root', name: 'script', privileges: ['all'] });
  const app = express().use(plugin.api);
  for (let calls = 0; calls < 3; calls++) {
    asked = 0;
    await supertest(app).get('/json-api/version').set('Authorization', `whm root:${secret}`).expect(200);
    expect(asked).toBe(1);
  }
});
