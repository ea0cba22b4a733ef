import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { freePort } from '../../src/operations/ports.js';
import { startNode, type NodeSettings, type RunningNode } from '../../src/panel/node.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { ROOT } from '../cluster/zone-texts.js';
import { needs } from '../needs.js';

const PROGRAM = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const LONGEST = { timeout: 20_000, interval: 50 };
const [a, b] = [zoneName('a.example'), zoneName('b.example')];

function zoneText(serial: number, address: string): string {
  return `$TTL 300\n@ SOA ns1.host.example. h.host.example. ${serial} 3600 600 86400 300\n@ NS ns1.host.example.\nwww A ${address}\n`;
}

async function begin(name: string, kind: 'bind' | 'embedded'): Promise<{ settings: NodeSettings; node: RunningNode }> {
  const folder = mkdtempSync(join(tmpdir(), 'dns-cluster-rescan-'));
  const nameserver = { kind, host: '127.0.0.1', port: await freePort() } as const;
  const settings: NodeSettings = { name, folder, host: '127.0.0.1', port: 0, nameserver };
  return { settings, node: await startNode(settings) };
}

async function rescan(folder: string, ...options: string[]): Promise<{ status: number | null; out: string }> {
  const child = spawn(process.execPath, [PROGRAM, 'zones', 'rescan', '--folder', folder, ...options]);
  let out = '';
  child.stdout.on('data', (part: Buffer) => (out += part.toString()));
  child.stderr.resume();
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, out };
}

/**
 * What dig says of the addresses of `www` in a zone. The embedded nameserver is in this process: it must not be waited
 * for in a call.
 */
async function dig({ nameserver }: NodeSettings, zone: string): Promise<string> {
  const args = ['@127.0.0.1', '-p', String(nameserver.port), '+short', '+time=2', `www.${zone}`, 'A'];
  return (await promisify(execFile)('dig', args)).stdout.trim();
}

describe.skipIf(!needs('named', 'named-checkzone', 'dig'))(
  'zone files that are changed by hand on a node with BIND',
  () => {
    let web: { settings: NodeSettings; node: RunningNode };
    let member: { settings: NodeSettings; node: RunningNode };

    const fileOf = (zone: string): string => {
      const shard = createHash('md5').update(zone).digest('hex').slice(0, 2);
      return join(web.settings.folder, 'dns-cluster', 'zones', shard, zone);
    };

    beforeEach(async () => {
      web = await begin('web.example.net', 'bind');
      member = await begin('ns1.example.net', 'embedded');
      const { secret } = await member.node.plugin.tokens.create({
        user: 'root',
        kind: 'root',
        name: 'web',
        privileges: ['clustering'],
      });
      const { cluster } = web.node.plugin;
      const { port } = new URL(member.node.url);
      const dnsPort = member.settings.nameserver.port;
      await cluster.members.add(
        { host: '127.0.0.1', port: Number(port), dnsPort, user: 'root', token: secret, role: 'write-only' },
        ROOT,
      );
      for (const name of [a, b]) await cluster.saveZone(name, Buffer.from(zoneText(1, '192.0.2.1')), ROOT);
    });
    afterEach(async () => {
      for (const { node, settings } of [web, member]) {
        await node.stop();
        rmSync(settings.folder, { recursive: true, force: true });
      }
    });

    test('are taken by the program: dig sees the change here and at the member, a broken one changes nothing', async () => {
      writeFileSync(fileOf(a), zoneText(1, '192.0.2.77'));
      appendFileSync(fileOf(b), 'www A 192.0.2.300\n');
      const { status, out } = await rescan(web.settings.folder);
      expect([status, out]).toEqual([1, expect.stringContaining('a.example  serial 2 (lifted), served')]);
      expect(out).toMatch(/b\.example {2}.*line 5/);
      expect(await dig(web.settings, a)).toBe('192.0.2.77');
      expect(await dig(web.settings, b)).toBe('192.0.2.1');
      await vi.waitFor(async () => expect(await dig(member.settings, a)).toBe('192.0.2.77'), LONGEST);
      expect(await dig(member.settings, b)).toBe('192.0.2.1');

      writeFileSync(fileOf(b), zoneText(9, '192.0.2.9'));
      const again = await rescan(web.settings.folder, '--json');
      expect(again.status).toBe(0);
      expect(JSON.parse(again.out)).toMatchObject({ changed: [{ zone: b, serial: 9, lifted: false }], broken: [] });
      await vi.waitFor(async () => expect(await dig(member.settings, b)).toBe('192.0.2.9'), LONGEST);
    });

    test('and that BIND refuses stay as they are, while it goes on with what it has', async () => {
      // BIND takes at most 100 records of one name and type (max-records-per-type).
      const wide = Array.from({ length: 101 }, (_, i) => `wide A 192.0.2.${i}\n`).join('');
      writeFileSync(fileOf(a), `${zoneText(2, '192.0.2.77')}${wide}`);
      const { status, out } = await rescan(web.settings.folder, '--json');
      expect(status).toBe(1);
      expect(JSON.parse(out)).toMatchObject({ changed: [], broken: [{ zone: a }], unchanged: 1 });
      expect(readFileSync(fileOf(a), 'utf8')).toContain('wide A 192.0.2.100');
      expect(await dig(web.settings, a)).toBe('192.0.2.1');
      const { cluster } = web.node.plugin;
      expect(await cluster.saveZone(a, Buffer.from(zoneText(3, '192.0.2.3')), ROOT)).toMatchObject({ serial: 3 });
      expect(await dig(web.settings, a)).toBe('192.0.2.3');
      expect((await cluster.status(ROOT)).damaged).toEqual([]);
    });

    test('while nothing runs are taken at the next start, before anything else', async () => {
      await web.node.stop();
      writeFileSync(fileOf(a), zoneText(1, '192.0.2.88'));
      web.node = await startNode(web.settings);
      expect(await dig(web.settings, a)).toBe('192.0.2.88');
      await vi.waitFor(async () => expect(await dig(member.settings, a)).toBe('192.0.2.88'), LONGEST);
      await web.node.stop();
      expect((await rescan(web.settings.folder, '--json')).status).toBe(3);
      web.node = await startNode(web.settings);
    });
  },
);
