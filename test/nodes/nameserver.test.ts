import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Cluster } from '../../src/cluster/cluster.js';
import { parseName } from '../../src/dns/name.js';
import { query } from '../query.js';
import { TYPE } from '../../src/dns/types.js';
import type { NameserverSettings } from '../../src/nameservers/nameserver-settings.js';
import { processesServing } from '../../src/nameservers/controlled/memory.js';
import { freePort } from '../../src/operations/ports.js';
import { startNode, type NodeSettings, type RunningNode } from '../../src/panel/node.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { ROOT } from '../cluster/zone-texts.js';
import { CANDIDATES } from '../servers/conformance/candidates.js';

const LONGEST = { timeout: 30_000, interval: 20 };
const name = zoneName('a.example');

function zoneText(serial: number, more = ''): Buffer {
  return Buffer.from(
    `$TTL 300\n@ SOA ns1.host.example. h.host.example. ${serial} 3600 600 86400 300\n@ NS ns1.host.example.\n${more}`,
  );
}

describe.each(CANDIDATES)('a node with $kind', ({ kind, installed, configure }) => {
  describe.skipIf(!installed)('of its own', () => {
    let settings: NodeSettings;
    let node: RunningNode;
    const cluster = (): Cluster => node.plugin.cluster;

    const addresses = async (owner: string): Promise<number> =>
      (await query(settings.nameserver, parseName(`${owner}.`), TYPE.A)).answer.length;
    const dropProcesses = async (): Promise<void> => {
      for (const pid of await processesServing(settings.nameserver)) process.kill(pid, 'SIGKILL');
    };

    beforeEach(async () => {
      const folder = mkdtempSync(join(tmpdir(), 'dns-cluster-node-'));
      const nameserver = { kind, host: '127.0.0.1', port: await freePort() } as NameserverSettings;
      settings = { name: 'ns1.example.net', folder, host: '127.0.0.1', port: 0, nameserver };
      node = await startNode(settings);
    });
    afterEach(async () => {
      await node.stop();
      rmSync(settings.folder, { recursive: true, force: true });
    });

    test('serves what is saved, and the same after a restart', async () => {
      const saved = await cluster().saveZone(name, zoneText(1, 'www A 192.0.2.1\n'), ROOT);
      expect(saved).toMatchObject({ serial: 1, local: { state: 'served' } });
      await node.stop();
      node = await startNode(settings);
      expect(await addresses('www.a.example')).toBe(1);
      const { nameserver } = await cluster().status(ROOT);
      expect(nameserver).toMatchObject({ running: true, zones: 1 });
    });

    test('is alone on its folder: a second process is refused, and harms nothing', async () => {
      await cluster().saveZone(name, zoneText(1), ROOT);
      const program = `
        import { startNode } from '${new URL('../../dist/panel/node.js', import.meta.url).href}';
        await startNode(JSON.parse(process.argv[1])).then(() => process.exit(0), (error) => {
          console.log(error.code, error.message);
          process.exit(3);
        });`;
      const args = ['--input-type=module', '-e', program, JSON.stringify(settings)];
      const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
      expect([status, stdout]).toEqual([
        3,
        expect.stringMatching(/^folder_in_use The folder .* is in use by process \d+\./),
      ]);
      expect(await cluster().saveZone(name, zoneText(2), ROOT)).toMatchObject({ local: { state: 'served' } });
    });

    if (configure !== undefined) {
      test('whose nameserver is killed keeps a change, says so, and serves it when the nameserver is back', async () => {
        await cluster().saveZone(name, zoneText(1), ROOT);
        await dropProcesses();
        const saved = await cluster().saveZone(name, zoneText(2, 'www A 192.0.2.2\n'), ROOT, { wait: 'local' });
        expect(saved.serial).toBe(2);
        if (saved.local.state === 'pending') expect(saved.local.reason).toMatch(/\w+ \w+/);
        await vi.waitFor(async () => expect(await addresses('www.a.example')).toBe(1), LONGEST);
        // It may be back before it is seen to be.
        const isRunning = async (): Promise<boolean> => (await cluster().status(ROOT)).nameserver.running;
        await vi.waitFor(async () => expect(await isRunning()).toBe(true), LONGEST);
      });
    }

    if (kind === 'bind') {
      test('puts back what its nameserver refuses although our check lets it through', async () => {
        const good = zoneText(1, 'www A 192.0.2.1\n');
        await cluster().saveZone(name, good, ROOT);
        // BIND takes at most 100 records of one name and type (max-records-per-type).
        const wide = Array.from({ length: 101 }, (_, i) => `www A 192.0.2.${i}\n`).join('');
        await expect(cluster().saveZone(name, zoneText(2, wide), ROOT)).rejects.toMatchObject({
          code: 'zone_refused',
          message: expect.stringContaining('a.example') as string,
        });
        expect(await cluster().zones.text(name, ROOT)).toEqual(good);
        expect(await addresses('www.a.example')).toBe(1);
        await expect(cluster().saveZone(zoneName('new.example'), zoneText(1, wide), ROOT)).rejects.toThrow(
          /new\.example/,
        );
        expect(cluster().zones.get(zoneName('new.example'), ROOT)).toBeUndefined();
        expect(cluster().zones.get(name, ROOT)?.serial).toBe(1);
        expect(readFileSync(join(settings.folder, 'node.log'), 'utf8')).toContain('the nameserver refused zones');
      });

      test('serves other zones while it waits for one that its nameserver refuses without a word', async () => {
        const wide = Array.from({ length: 101 }, (_, i) => `www A 192.0.2.${i}\n`).join('');
        const waiting = { over: false };
        await cluster().saveZone(name, zoneText(1), ROOT);
        // Of a zone that it has, BIND only says that it will read the file again.
        const refused = cluster()
          .saveZone(name, zoneText(2, wide), ROOT)
          .catch((error: unknown) => error)
          .finally(() => (waiting.over = true));
        for (const serial of [1, 2, 3]) {
          const saved = await cluster().saveZone(zoneName('b.example'), zoneText(serial), ROOT);
          expect(saved).toMatchObject({ serial, local: { state: 'served' } });
        }
        expect(waiting.over).toBe(false);
        expect(await refused).toMatchObject({ code: 'zone_refused' });
      });
    }
  });
});
