import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { logFile } from '../../src/operations/log-file.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { ClusterNode } from '../cluster/cluster-node.js';
import { reseller, ROOT, zoneText } from '../cluster/zone-texts.js';
import { runningNode } from './running-node.js';

const web = runningNode();
const ZONE = zoneName('a.example');
const NS1 = 'ns1.example.net';

let ns1: ClusterNode;
beforeAll(async () => {
  ns1 = await ClusterNode.start(NS1);
  const { cluster } = web.node.plugin;
  const { id } = await cluster.members.add(await ns1.invitation('write-only', ROOT), ROOT);
  await cluster.saveZone(ZONE, zoneText(5), ROOT);
  await cluster.saveZone(zoneName('not-a.example'), zoneText(6), reseller('ann'));
  await cluster.saveZone(ZONE, Buffer.from('www A 192.0.2.300\n'), ROOT).catch(() => undefined);
  await cluster.members.disable(id, ROOT);
});
afterAll(() => ns1.end());

const following: ChildProcess[] = [];
afterEach(async () => {
  for (const child of following.splice(0)) {
    const end = child.exitCode === null ? once(child, 'close') : undefined;
    child.kill('SIGKILL');
    await end;
  }
});

/** A run of the program that goes on; what it printed so far. */
function follow(...args: string[]): { out: () => string } {
  const child = spawn(process.execPath, [web.program, 'logs', '--follow', ...args], { timeout: 60_000 });
  following.push(child);
  let out = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (out += part.toString()));
  return { out: () => out };
}
const shows = (out: () => string, text: string | RegExp): Promise<void> =>
  vi.waitFor(() => expect(out()).toMatch(text), 30_000);

describe('dnscluster logs', () => {
  test('says who changed what, the newest last, and what was refused', async () => {
    const { status, out, err } = await web.run(['logs']);
    expect([status, err]).toEqual([0, '']);
    expect(out.split('\n')).toEqual([
      expect.stringMatching(/^20..-.*Z {2}root \(this server\) +Server added +127\.0\.0\.1$/),
      expect.stringMatching(/Zone saved +a\.example$/),
      expect.stringMatching(/ann \(this server\) +Zone saved +not-a\.example$/),
      expect.stringMatching(/Zone saved +a\.example {2}refused: zone_invalid$/),
      expect.stringMatching(/Server disabled +\S+$/),
      '',
    ]);
  });

  test.each([
    [
      ['--zone', 'A.example'],
      ['a.example', 'a.example'],
    ],
    [['--zone', 'A.example', '--limit', '1'], ['a.example']],
    [['--user', 'ann'], ['not-a.example']],
    [
      ['--member', NS1],
      ['127.0.0.1', expect.stringMatching(/^[0-9a-f-]{36}$/)],
    ],
    [['--zone', ZONE, '--member', NS1], []],
  ])('of some only, for programs: %j', async (args, targets) => {
    const { status, said } = await web.json(['logs', ...args]);
    expect([status, (said as { target: string }[]).map(({ target }) => target)]).toEqual([0, targets]);
  });

  test('says so where there is nothing, and who is no member', async () => {
    expect(await web.run(['logs', '--zone', 'none.example'])).toMatchObject({ out: 'There are no such entries.\n' });
    expect(await web.run(['logs', '--member', 'nobody'])).toMatchObject({ status: 2 });
  });

  test('--follow goes on with what comes, each change once', async () => {
    const { out } = follow('--folder', web.folder, '--limit', '1', '--json');
    await shows(out, /disableMember/);
    for (const serial of [7, 8, 9])
      await web.node.plugin.cluster.saveZone(ZONE, zoneText(serial), ROOT, { wait: 'local' });
    await web.node.plugin.cluster.saveZone(zoneName('b.example'), zoneText(1), ROOT, { wait: 'local' });
    await shows(out, 'b.example');
    const actions = out()
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { action: string }).action);
    expect(actions).toEqual(['disableMember', 'saveZone', 'saveZone', 'saveZone', 'saveZone']);
  });
});

describe('dnscluster logs --service', () => {
  const entry = (level: number, msg: string, facts: object = {}): string =>
    `${JSON.stringify({ level, time: '2026-11-28T10:00:00.000Z', pid: 1, ...facts, msg })}\n`;

  test('shows what the service logs: of a level, of a zone, of a member', async () => {
    expect((await web.run(['logs', '--service'])).out).toMatch(/^20..-.*Z {2}\S/m);
    const folder = join(web.folder, 'other');
    mkdirSync(folder);
    const log = logFile(join(folder, 'node.log'));
    log.write(entry(30, 'started'));
    log.write(entry(40, 'refused', { zone: ZONE, member: NS1 }));
    log.write('no line of ours\n');
    log.write(entry(50, 'failed', { zone: 'other.example' }));
    const shown = async (...args: string[]): Promise<string> =>
      (await web.run(['logs', '--service', '--folder', folder, ...args])).out;
    expect(await shown()).toBe(
      '2026-11-28 10:00:00Z  started\n' +
        `2026-11-28 10:00:00Z  warning: refused (zone=a.example, member=${NS1})\n` +
        '2026-11-28 10:00:00Z  error: failed (zone=other.example)\n',
    );
    expect(await shown('--level', 'warning', '--zone', ZONE)).toMatch(/^.* warning: refused .*\n$/);
    expect(await shown('--limit', '1')).toMatch(/^.* error: failed .*\n$/);
    expect(await shown('--level', 'error')).toMatch(/^.* error: failed .*\n$/);
  });

  test('--follow loses no line and shows none twice while the log is set aside', async () => {
    const folder = join(web.folder, 'rotating');
    mkdirSync(folder);
    // Set aside each time that it has some lines.
    const log = logFile(join(folder, 'node.log'), 2_000);
    log.write(entry(30, 'line 0'));
    const { out } = follow('--service', '--folder', folder);
    await shows(out, 'line 0');
    for (let i = 1; i <= 40; i++) {
      log.write(entry(30, `line ${i}`));
      if (i % 10 === 0) await shows(out, new RegExp(`line ${i}\n`));
    }
    expect(out().match(/line \d+/g)).toEqual(Array.from({ length: 41 }, (_, i) => `line ${i}`));
  });

  test.each([
    ['a folder without a log', ['--folder', '/nowhere'], /no log of a service/],
    ['a service elsewhere', ['--url', 'https://127.0.0.1:1'], /Run this there/],
    ['a user', ['--user', 'ann'], /cannot be used with option/],
  ])('refuses %s, and says why', async (_, args, why) => {
    const env = { DNSCLUSTER_TOKEN: 'x', DNSCLUSTER_FINGERPRINT: Array<string>(32).fill('AB').join(':') };
    const { status, err } = await web.run(['logs', '--service', ...args], { env });
    expect([status, err]).toEqual([2, expect.stringMatching(why)]);
  });
});
