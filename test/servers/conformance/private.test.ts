import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { parseName } from '../../../src/dns/name.js';
import { DnsClient } from '../../../src/dns/messages/query.js';
import { createNameserver, type NameserverSettings } from '../../../src/nameservers/nameserver-settings.js';
import { processesServing } from '../../../src/nameservers/controlled/memory.js';
import type { DnsAddress, Nameserver } from '../../../src/nameservers/nameserver.js';
import { createLog } from '../../../src/operations/log.js';
import { freePort } from '../../../src/operations/ports.js';
import { removal, ZoneFolder, type Upsert } from '../bind-zones.js';
import { KeptNameserver } from '../kept-nameserver.js';
import { CANDIDATES } from './candidates.js';

const log = createLog({ level: 'silent' });
const LONGEST = { timeout: 30_000, interval: 20 };

describe.each(CANDIDATES.filter(({ configure }) => configure !== undefined))('a private $kind', (candidate) => {
  describe.skipIf(!candidate.installed)('that we start and end', () => {
    let zones: ZoneFolder;
    let folder: string;
    let dns: DnsAddress;
    let kept: KeptNameserver;
    let some: Upsert[];

    const driver = (at = dns, place = folder): Nameserver => {
      const settings = { kind: candidate.kind, ...at } as NameserverSettings;
      return createNameserver(settings, { folder: place, log, version: '1.2.3' });
    };
    const outcomes = async (...changes: Parameters<KeptNameserver['apply']>[0]): Promise<string[]> => [
      ...new Set((await kept.apply(changes)).map(({ outcome }) => outcome)),
    ];
    const untilServed = async (wanted: readonly Upsert[], at = dns): Promise<void> => {
      const client = new DnsClient(at, { timeout: 500 });
      const serials = (): Promise<(number | undefined)[]> =>
        Promise.all(wanted.map(({ name }) => client.soaSerial(parseName(`${name}.`))));
      try {
        await vi.waitFor(async () => expect(await serials()).toEqual(wanted.map(({ serial }) => serial)), LONGEST);
      } finally {
        client.close();
      }
    };

    beforeEach(async () => {
      zones = await ZoneFolder.make();
      folder = await mkdtemp(join(tmpdir(), 'dns-cluster private-'));
      dns = { host: '127.0.0.1', port: await freePort() };
      kept = new KeptNameserver(driver());
      await kept.start();
      some = await zones.upserts(600, 1);
      expect(await outcomes(...some)).toEqual(['served']);
    });
    afterEach(async () => {
      await kept.stop();
      expect(await processesServing(dns)).toEqual([]);
      await rm(folder, { recursive: true, force: true });
      await rm(zones.folder, { recursive: true, force: true });
    });

    test('its processes end when it is stopped, and it serves the same when it is started', async () => {
      expect(await processesServing(dns)).not.toEqual([]);
      await kept.stop();
      expect(await processesServing(dns)).toEqual([]);
      await kept.start();
      await untilServed(some);
      expect(await outcomes(removal('zone-1.example'), await zones.upsert('zone-2.example', 2))).toEqual(['served']);
    });

    test('killed, it is started again by itself and serves everything', async () => {
      const before = await processesServing(dns);
      for (const pid of before) process.kill(pid, 'SIGKILL');
      await vi.waitFor(async () => {
        const now = await processesServing(dns);
        expect(now.length > 0 && now.every((pid) => !before.includes(pid))).toBe(true);
      }, LONGEST);
      await untilServed(some);
      expect(await outcomes(await zones.upsert('zone-2.example', 2))).toEqual(['served']);
    });

    test('it goes on answering when our process dies, is taken over by the next, and follows it', async () => {
      const program = `
        import { createNameserver } from '${new URL('../../../dist/nameservers/nameserver-settings.js', import.meta.url).href}';
        import { createLog } from '${new URL('../../../dist/operations/log.js', import.meta.url).href}';
        const [settings, folder] = process.argv.slice(1);
        const place = { folder, log: createLog({ level: 'silent' }), version: '1.2.3' };
        await createNameserver(JSON.parse(settings), place).start();
        process.kill(process.pid, 'SIGKILL');`;
      await kept.stop();
      const settings = JSON.stringify({ kind: candidate.kind, ...dns });
      const { signal, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program, settings, folder]);
      expect([signal, stderr.toString()]).toEqual(['SIGKILL', '']);
      await untilServed(some);
      const survivors = await processesServing(dns);
      await kept.replace(driver());
      await kept.start();
      // A server with several processes may have replaced one of them.
      expect((await processesServing(dns)).filter((pid) => survivors.includes(pid))).not.toEqual([]);
      expect(await outcomes(await zones.upsert('zone-3.example', 3), removal('zone-4.example'))).toEqual(['served']);
    });

    test('at another address it is ended and started anew, not doubled', async () => {
      await kept.stop();
      const before = dns;
      dns = { host: '127.0.0.1', port: await freePort() };
      await kept.replace(driver());
      await kept.start();
      await untilServed(some);
      expect(await processesServing(before)).toEqual([]);
    });

    test('a port that is in use is refused in words, and nothing is left running', async () => {
      const other = await mkdtemp(join(tmpdir(), 'dns-cluster private-'));
      await expect(driver(dns, other).start()).rejects.toThrow(/did not start: .*EADDRINUSE/);
      expect(await processesServing(dns)).not.toEqual([]); // those of the first
      await rm(other, { recursive: true });
    });

    test('what it was given last is removed although our record of it is lost', async () => {
      await kept.stop();
      await rm(folder, { recursive: true });
      await kept.replace(driver());
      await kept.start();
      expect(new Set((await kept.synchronize(some.slice(300))).map(({ outcome }) => outcome))).toEqual(
        new Set(['served']),
      );
      expect((await kept.nameserver.status()).zones).toBe(300);
    });

    test('it listens at its own address only', async () => {
      const listening = await readFile('/proc/net/udp', 'latin1');
      const port = dns.port.toString(16).toUpperCase();
      expect(listening).toContain(`0100007F:${port}`);
      expect(listening).not.toContain(`00000000:${port}`);
    });
  });
});
