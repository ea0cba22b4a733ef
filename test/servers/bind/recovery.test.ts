import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { parseName } from '../../../src/dns/name.js';
import { DnsClient } from '../../../src/dns/messages/query.js';
import { BindServer, type OperatorNamed } from '../../../src/nameservers/bind/bind.js';
import { ControlledNameserver } from '../../../src/nameservers/controlled/controlled-nameserver.js';
import { freePort } from '../../../src/operations/ports.js';
import { processWithArgument } from '../../../src/nameservers/controlled/process-table.js';
import type { Applied, DnsAddress } from '../../../src/nameservers/nameserver.js';
import { createLog } from '../../../src/operations/log.js';
import { needs } from '../../needs.js';
import { removal, ZoneFolder, type Upsert } from '../bind-zones.js';
import { KeptNameserver } from '../kept-nameserver.js';
import { OperatorsNamed } from './operator.js';

const log = createLog({ level: 'silent' });
const outcomes = (applied: readonly Applied[]): string[] => [...new Set(applied.map(({ outcome }) => outcome))];

/** Waits until all these zones are answered with their serials, with nothing asked of the driver. */
async function untilServed(dns: DnsAddress, zones: readonly Upsert[]): Promise<void> {
  const client = new DnsClient(dns, { timeout: 500 });
  try {
    await vi.waitFor(
      async () => {
        // One alone while it is down: hundreds of refusals in each turn would slow down the driver, which runs in this
        // process.
        const [first] = zones;
        if (first !== undefined) await client.soaSerial(parseName(`${first.name}.`));
        const serials = await Promise.all(zones.map(({ name }) => client.soaSerial(parseName(`${name}.`))));
        expect(serials).toEqual(zones.map(({ serial }) => serial));
      },
      { timeout: 20_000, interval: 20 },
    );
  } finally {
    client.close();
  }
}

/** The driver, as the cluster uses it; `operator` is the operator's server, without it the driver runs one. */
function bindAt(dns: DnsAddress, options: { folder: string; operator?: OperatorNamed }, by = log): KeptNameserver {
  const server = new BindServer({ dns, log: by, ...options });
  return new KeptNameserver(new ControlledNameserver(server, { dns, log: by, watch: 500 }));
}

let zones: ZoneFolder;
let folder: string;

beforeEach(async () => {
  zones = await ZoneFolder.make();
  folder = await mkdtemp(join(tmpdir(), 'dns-cluster-bind-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
  await rm(zones.folder, { recursive: true, force: true });
});

describe.skipIf(!needs('named', 'named-checkzone'))('a private BIND over crashes and restarts', () => {
  let bind: KeptNameserver;
  let dns: DnsAddress;
  let few: Upsert[];
  let many: Upsert[];

  const start = async (): Promise<void> => {
    bind = bindAt(dns, { folder });
    await bind.start();
  };
  /** A named of this folder whose driver ended without it, as by a crash. */
  const leaveRunning = async (): Promise<void> => {
    const server = new BindServer({ dns, folder, log });
    await server.open();
    (await server.connect(() => undefined)).close();
    await server.close();
  };
  const pid = async (): Promise<number> => (await processWithArgument(join(folder, 'named.conf'))) ?? 0;

  /** 600 zones in the include file, and 3 in named's own database. */
  beforeEach(async () => {
    dns = { host: '127.0.0.1', port: await freePort() };
    await start();
    many = await zones.upserts(600, 1);
    expect(outcomes(await bind.apply(many))).toEqual(['served']);
    few = await Promise.all(['x.example', 'y.example', 'z.example'].map((name) => zones.upsert(name, 1)));
    expect(outcomes(await bind.apply(few))).toEqual(['served']);
  });
  afterEach(() => bind.stop());

  test('named is killed: it is started again by itself and serves all zones', async () => {
    const before = await pid();
    process.kill(before, 'SIGKILL');
    await untilServed(dns, [...many, ...few]);
    expect(await pid()).not.toBe(before);
    expect(outcomes(await bind.apply([await zones.upsert('x.example', 2), removal('zone-1.example')]))).toEqual([
      'served',
    ]);
  });

  test('a change during the outage is served or unavailable, never refused, and served when tried again', async () => {
    process.kill(await pid(), 'SIGKILL');
    const change = await zones.upsert('x.example', 2);
    const [during] = await bind.apply([change]);
    expect(['served', 'unavailable']).toContain(during?.outcome);
    await vi.waitFor(async () => expect(outcomes(await bind.apply([change]))).toEqual(['served']), 20_000);
  });

  test('after a restart of both, all zones are served before anybody asks for them', async () => {
    await bind.stop();
    expect(await pid()).toBe(0);
    await start();
    await untilServed(dns, [...many, ...few]);
    expect(outcomes(await bind.synchronize([...many, ...few]))).toEqual(['served']);
  });

  test('zones that changed, came and went while it was down are put right', async () => {
    await bind.stop();
    const changed = await zones.upsert('x.example', 9);
    const fresh = await zones.upsert('new.example', 1);
    await start();
    const wanted = [...many.slice(0, 500), changed, fresh];
    expect(outcomes(await bind.synchronize(wanted))).toEqual(['served']);
    expect((await bind.nameserver.status()).zones).toBe(wanted.length);
    expect(await bind.apply([removal('y.example'), removal('zone-599.example')])).toMatchObject([
      { outcome: 'served' },
      { outcome: 'served' },
    ]);
  });

  test('a deleted include file costs nothing, even when named must start again', async () => {
    await rm(join(folder, 'zones.conf'));
    await rm(join(folder, 'zones.conf.d'), { recursive: true });
    process.kill(await pid(), 'SIGKILL');
    await untilServed(dns, [...many, ...few]);
  });

  test('without our record of it, everything is loaded anew', async () => {
    await bind.stop();
    await rm(join(folder, 'loaded-zones'));
    await start();
    expect(outcomes(await bind.synchronize(many))).toEqual(['served']);
    expect((await bind.nameserver.status()).zones).toBe(600);
  });

  test('a named that outlived our process is taken over, and what it lost meanwhile is given to it again', async () => {
    await bind.stop();
    await leaveRunning();
    const survivor = await pid();
    await start();
    expect(await pid()).toBe(survivor);
    expect(outcomes(await bind.synchronize([...many, ...few]))).toEqual(['served']);
    expect(outcomes(await bind.apply([removal('x.example'), removal('zone-0.example')]))).toEqual(['served']);
  });

  test('a named that outlived our process at another address is ended, not doubled', async () => {
    await bind.stop();
    await leaveRunning();
    const survivor = await pid();
    dns = { host: '127.0.0.1', port: await freePort() };
    await start();
    expect(await pid()).not.toBe(survivor);
    await untilServed(dns, [...many, ...few]);
  });

  test('a port that is in use is refused by name, and nothing is left running', async () => {
    const other = await mkdtemp(join(tmpdir(), 'dns-cluster-bind-'));
    const second = bindAt(dns, { folder: other });
    await expect(second.start()).rejects.toThrow(/did not start: .*EADDRINUSE/);
    expect(await processWithArgument(join(other, 'named.conf'))).toBeUndefined();
    await rm(other, { recursive: true });
  });
});

describe.skipIf(!needs('named', 'named-checkzone'))("the operator's BIND over crashes and restarts", () => {
  let named: OperatorsNamed;
  let bind: KeptNameserver;

  const drive = async (): Promise<void> => {
    bind = bindAt(named.dns, { folder, operator: named.operator });
    await bind.start();
  };
  afterEach(async () => {
    await bind.stop();
    await named.end();
  });

  test('while it is down changes are unavailable, and it can be started after us', async () => {
    named = await OperatorsNamed.configure();
    await drive();
    const change = await zones.upsert('a.example', 1);
    const [applied] = await bind.apply([change]);
    expect(applied?.outcome).toBe('unavailable');
    expect(applied?.reason).toContain('ECONNREFUSED');
    expect((await bind.nameserver.status()).running).toBe(false);
    await named.start();
    expect(await bind.apply([change])).toMatchObject([{ outcome: 'served', serial: 1 }]);
    await named.kill();
    expect(outcomes(await bind.apply([await zones.upsert('a.example', 2)]))).toEqual(['unavailable']);
    await named.start();
    await vi.waitFor(async () => expect((await bind.nameserver.status()).running).toBe(true), 20_000);
    expect(await bind.synchronize([await zones.upsert('a.example', 2)])).toMatchObject([
      { outcome: 'served', serial: 2 },
    ]);
  });

  test('a database of added zones that is lost with a restart is filled again by itself', async () => {
    named = await OperatorsNamed.configure();
    await named.start();
    await drive();
    const few = await zones.upserts(20, 1);
    expect(outcomes(await bind.apply(few))).toEqual(['served']);
    await named.kill();
    await named.loseState();
    await named.start();
    await untilServed(named.dns, few);
  });

  test('an include file that is deleted is written again before named would miss it', async () => {
    named = await OperatorsNamed.configure();
    await named.start();
    await drive();
    const many = await zones.upserts(600, 1);
    expect(outcomes(await bind.apply(many))).toEqual(['served']);
    await rm(named.operator.includeFile);
    await named.kill();
    await vi.waitFor(() => readFile(named.operator.includeFile), 5_000);
    await named.start();
    await untilServed(named.dns, many);
  });

  test('it starts after every mixture of adding, removing and adding again', async () => {
    named = await OperatorsNamed.configure();
    await named.start();
    await drive();
    const many = await zones.upserts(600, 1);
    await bind.apply(many);
    await bind.apply(many.slice(0, 50).map(({ name }) => removal(name)));
    const again = await Promise.all(many.slice(0, 25).map(({ name }) => zones.upsert(name, 2)));
    expect(outcomes(await bind.apply(again))).toEqual(['served']);
    await named.kill();
    await named.start(); // rejects where a zone is in both places
    await untilServed(named.dns, [...again, ...many.slice(50)]);
    const client = new DnsClient(named.dns);
    expect(await client.soaSerial(parseName('zone-30.example.'))).toBeUndefined();
    client.close();
  });

  test('with all our state lost, zones that it still serves are ours again, one by one and in bulk', async () => {
    named = await OperatorsNamed.configure();
    await named.start();
    await drive();
    const few = await zones.upserts(10, 1);
    await bind.apply(few);
    await bind.stop();
    await rm(join(folder, 'loaded-zones'));
    await drive();
    const many = await zones.upserts(600, 1); // ten of them are in the database of added zones
    expect(outcomes(await bind.apply(many))).toEqual(['served']);
    expect(outcomes(await bind.apply([await zones.upsert('zone-3.example', 2), removal('zone-4.example')]))).toEqual([
      'served',
    ]);
    await named.kill();
    await named.start();
    await untilServed(named.dns, many.slice(5));
  });

  test('connections that named drops because they were idle are no outage', async () => {
    named = await OperatorsNamed.configure();
    await named.start();
    const sockets = new Set<Socket>();
    const proxy = createServer((socket) => {
      const onward = connect(named.operator.controlPort, '127.0.0.1');
      for (const end of [socket, onward]) end.on('error', () => undefined).on('close', () => sockets.delete(end));
      sockets.add(socket.pipe(onward).pipe(socket));
    }).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const controlPort = (proxy.address() as AddressInfo).port;
    const warn = vi.fn();
    const watched = createLog({ level: 'silent' });
    watched.warn = warn;
    bind = bindAt(named.dns, { folder, operator: { ...named.operator, controlPort } }, watched);
    await bind.start();
    const some = await zones.upserts(20, 1);
    expect(outcomes(await bind.apply(some))).toEqual(['served']);
    const idle = [...sockets];
    expect(idle).toHaveLength(4);
    for (const socket of idle) socket.destroy();
    await vi.waitFor(() => expect(sockets.size).toBe(1)); // one asks whether named is still the same
    expect(outcomes(await bind.apply(await zones.upserts(20, 2)))).toEqual(['served']);
    expect(warn).not.toHaveBeenCalled();
    await bind.stop();
    proxy.close();
  });

  test('with all our state lost, a zone that it has and could not load is ours again when it is mended', async () => {
    named = await OperatorsNamed.configure();
    await named.start();
    await drive();
    const sound = await zones.upsert('a.example', 1);
    expect(outcomes(await bind.apply([sound]))).toEqual(['served']);
    await bind.stop();
    await rm(join(folder, 'loaded-zones'));
    await writeFile(sound.file, 'nonsense');
    await named.kill();
    await named.start();
    await drive();
    expect(await bind.apply([await zones.upsert('a.example', 2)])).toMatchObject([{ outcome: 'served', serial: 2 }]);
  });

  test('a configuration that named refuses keeps new zones due, and they come when it is repaired', async () => {
    named = await OperatorsNamed.configure();
    await named.start();
    await drive();
    const configuration = join(named.folder, 'named.conf');
    const sound = await readFile(configuration);
    await writeFile(configuration, `${sound.toString()} zone {`);
    const many = await zones.upserts(600, 1);
    const applied = await bind.apply(many);
    expect(outcomes(applied)).toEqual(['unavailable']);
    expect(applied[0]?.reason).toContain('named-checkconf');
    await writeFile(configuration, sound);
    expect(outcomes(await bind.apply(many))).toEqual(['served']);
  });

  test('a key that named does not know leaves everything unavailable, with a hint', async () => {
    named = await OperatorsNamed.configure();
    await named.start();
    await writeFile(named.operator.keyFile, 'key "dns-cluster" { algorithm hmac-sha256; secret "d3Jvbmc="; };');
    await drive();
    const [applied] = await bind.apply([await zones.upsert('a.example', 1)]);
    expect(applied?.outcome).toBe('unavailable');
    expect(applied?.reason).toContain('is the key the one of its controls statement?');
  });
});
