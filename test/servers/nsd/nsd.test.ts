import { chmod, mkdtemp, readFile, rm, stat, utimes } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RCODE } from '../../../src/dns/messages/message.js';
import { TYPE } from '../../../src/dns/types.js';
import { processesServing } from '../../../src/nameservers/controlled/memory.js';
import { NsdControl } from '../../../src/nameservers/nsd/control.js';

import { needs } from '../../needs.js';
import { removal } from '../bind-zones.js';
import { CANDIDATES } from '../conformance/candidates.js';
import { ServerUnderTest } from '../conformance/server-under-test.js';
import { OperatorsNsd } from './operator.js';

const NSD = CANDIDATES.find(({ kind }) => kind === 'nsd');

describe.skipIf(!needs('nsd', 'nsd-checkzone'))('NSD, as it is', () => {
  let of: ServerUnderTest;
  let control: NsdControl;

  beforeEach(async () => {
    if (NSD === undefined) throw new Error('NSD is not among the candidates');
    of = await ServerUnderTest.start(NSD);
    control = new NsdControl(join(of.server?.folder ?? '', 'control'));
  });
  afterEach(async () => {
    control.close();
    await of.end();
  });

  test('drops a zone whose new file is broken, and says ok: the trap that the check before a reload is for', async () => {
    await of.apply(await of.zones.upsert('a.example', 1));
    await of.zones.upsert('a.example', 2, 'www A 192.0.2\n');
    expect(await control.command('reload a.example')).toBe('ok\n');
    await expect.poll(async () => (await of.ask('a.example', TYPE.SOA)).rcode, { timeout: 5_000 }).toBe(RCODE.SERVFAIL);
    expect(await of.outcomes(await of.zones.upsert('a.example', 3))).toEqual(['served']);
  });

  test('takes 5,000 zones in one command, and answers a line for each', async () => {
    const changes = await of.zones.upserts(5_000, 1);
    await of.apply(...changes.slice(0, 1));
    const [, pattern = ''] = /pattern: (\S+)/.exec(await control.command('zonestatus zone-0.example')) ?? [];
    const lines = changes.slice(1).map(({ name }) => `${name} ${pattern}`);
    expect((await control.command('addzones', lines)).match(/^added: /gm)).toHaveLength(4_999);
  });

  test('is told where files lie by one pattern for each of their folders, however many zones', async () => {
    const changes = await of.zones.upserts(600, 1);
    expect(await of.outcomes(...changes)).toEqual(['served']);
    const text = await readFile(of.server?.includeFile ?? '', 'utf8');
    expect(text.match(/^pattern:/gm)?.length).toBeLessThanOrEqual(256);
    expect(await of.outcomes(await of.zones.upsert('0/26.2.0.192.in-addr.arpa', 1))).toEqual(['served']);
    expect(await readFile(of.server?.includeFile ?? '', 'utf8')).toContain('0+26.2.0.192.in-addr.arpa"');
  });

  test('is not made to reload by being asked for its facts, and is the same over reloads', async () => {
    const change = await of.zones.upsert('a.example', 1);
    await of.apply(change);
    const driver = of.server?.driver(of.folder);
    await driver?.open();
    const connection = await driver?.connect(() => undefined);
    const serving = await processesServing(of.nameserver.dns);
    const facts = await connection?.facts();
    expect(facts?.version).toMatch(/^4\./);
    expect(Math.abs(Date.now() - (facts?.startedAt ?? 0))).toBeLessThan(60_000);
    expect(await processesServing(of.nameserver.dns)).toEqual(serving);
    expect(await of.outcomes(await of.zones.upsert('a.example', 2))).toEqual(['served']);
    expect(await processesServing(of.nameserver.dns)).not.toEqual(serving);
    expect((await connection?.facts())?.boot).toBe(facts?.boot);
    connection?.close();
    await driver?.close();
  });

  test('has many new zones side by side in its memory: a reload afterwards copies few pages', async () => {
    const records = Array.from({ length: 40 }, (_, i) => `host-${i} TXT "${'x'.repeat(100)}"\n`);
    const changes = await of.zones.upserts(2_000, 1, records.join(''));
    expect(await of.outcomes(...changes)).toEqual(['served']);
    const text = await readFile(of.server?.includeFile ?? '', 'utf8');
    expect(text).not.toContain('.absent/');
    const main = Number(await control.command('serverpid'));
    const before = await pageFaults(main);
    await control.command('reload zone-1.example');
    await control.command('stats_noreset'); // reloads, too, and is answered afterwards
    // 521 as it is; 3,958 where each zone has a page of its own.
    expect((await pageFaults(main)) - before).toBeLessThan(2_000);
  });

  test('is given the time of a file that it would pass over', async () => {
    const change = await of.zones.upsert('t.example', 1);
    await of.apply(change);
    // Not its `mtime`, which is rounded up to a millisecond: that would be a later time.
    const { mtimeMs } = await stat(change.file);
    const mtime = new Date(Math.floor(mtimeMs));
    const next = await of.zones.upsert('t.example', 2);
    await utimes(next.file, mtime, mtime);
    await control.command('reload t.example');
    expect(await of.serial('t.example')).toBe(1);
    expect(await of.apply(next)).toMatchObject([{ outcome: 'served', serial: 2 }]);
  });

  test('without its socket: unavailable, with where it was looked for', async () => {
    await of.kill();
    await rm(join(of.server?.folder ?? '', 'control'), { force: true });
    const [applied] = await of.apply(await of.zones.upsert('a.example', 1));
    expect(applied).toMatchObject({ outcome: 'unavailable' });
    expect(applied?.reason).toMatch(/NSD gave no reply at its control channel .*control \(.*ENOENT/);
  });
});

/** Of a process since its start, without reading from a disk. */
async function pageFaults(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[7]);
}

describe.skipIf(!needs('nsd', 'nsd-checkzone'))('NSD with its default limit of the rate of answers', () => {
  test('is seen to serve a thousand new zones, and to have dropped them', async () => {
    const configure = (): Promise<OperatorsNsd> => OperatorsNsd.configure({ rateLimit: true });
    const of = await ServerUnderTest.start({ kind: 'nsd', installed: true, configure });
    try {
      const changes = await of.zones.upserts(1_000, 1);
      expect(await of.outcomes(...changes)).toEqual(['served']);
      expect(await of.outcomes(...changes.map(({ name }) => removal(name)))).toEqual(['served']);
    } finally {
      await of.end();
    }
  });
});

describe('the control channel of NSD', () => {
  let folder: string;
  let server: Server;
  afterEach(async () => {
    server.close();
    await rm(folder, { recursive: true });
  });

  async function serve(reply: string | undefined): Promise<NsdControl> {
    folder = await mkdtemp(join(tmpdir(), 'dns-cluster-nsd-'));
    server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => (reply === undefined ? socket.destroy() : socket.end(reply)));
    }).listen(join(folder, 'control'));
    await once(server, 'listening');
    await chmod(join(folder, 'control'), 0o600);
    return new NsdControl(join(folder, 'control'));
  }

  test('gives the whole reply', async () => {
    await expect((await serve('a\nb\n')).command('status')).resolves.toBe('a\nb\n');
  });

  test('that ends in the middle, or was closed, is unavailable', async () => {
    const control = await serve(undefined);
    await expect(control.command('status')).rejects.toMatchObject({ code: 'nameserver_unavailable' });
    control.close();
    await expect(control.command('status')).rejects.toThrow(/the channel was closed/);
  });
});
