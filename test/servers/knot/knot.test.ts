import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { encodeCommand, readReply } from '../../../src/nameservers/knot/control-message.js';
import { KnotControl } from '../../../src/nameservers/knot/control.js';
import { needs } from '../../needs.js';
import { withServerPrograms } from '../../../src/nameservers/controlled/private-process.js';
import { CANDIDATES } from '../conformance/candidates.js';
import { ServerUnderTest } from '../conformance/server-under-test.js';

const KNOT = CANDIDATES.find(({ kind }) => kind === 'knot');

describe.skipIf(!needs('knotd', 'kzonecheck'))('Knot, as it is', () => {
  let of: ServerUnderTest;
  let socket: string;
  let control: KnotControl;

  beforeEach(async () => {
    if (KNOT === undefined) throw new Error('Knot is not among the candidates');
    of = await ServerUnderTest.start(KNOT);
    socket = join(of.server?.folder ?? '', 'control');
    control = new KnotControl(socket);
  });
  afterEach(async () => {
    control.close();
    await of.end();
  });

  /**
   * As the operator types it. Not waited for in a blocking way: Knot serves one connection after the other, ours among
   * them.
   */
  const knotc = async (...args: string[]): Promise<string> =>
    (await promisify(execFile)('knotc', ['-s', socket, ...args], { env: withServerPrograms() })).stdout;

  test('says OK to the reload of a broken file and keeps the old data', async () => {
    await of.apply(await of.zones.upsert('a.example', 1));
    const broken = await of.zones.upsert('a.example', 2, 'www A 192.0.2\n');
    expect(await control.run([{ command: 'zone-reload', zone: 'a.example' }])).toEqual([{ rows: [] }]);
    const [applied] = await of.apply(broken);
    expect(applied).toMatchObject({ outcome: 'refused', serial: 1 });
    expect(applied?.reason).toMatch(/Knot DNS refuses it: .*(address|line 6)/i);
  });

  test('a thousand commands in one series are all answered, in their order', async () => {
    const commands = Array.from({ length: 1_000 }, (_, i) => ({ command: 'zone-reload', zone: `z${i}.example` }));
    const replies = await control.run(commands);
    expect(replies.map(({ rows }) => rows[0]?.zone)).toEqual(commands.map(({ zone }) => zone));
    expect(new Set(replies.map(({ error }) => error))).toEqual(new Set(['no such zone found']));
  });

  test('knotc of the operator works beside us, because no connection is held', async () => {
    await of.apply(await of.zones.upsert('a.example', 1));
    expect(await knotc('status')).toContain('Running');
    expect(await knotc('zone-status', 'a.example')).toContain('serial: 1');
  });

  test('a transaction that somebody has open is not touched: changes wait, and come when it is ended', async () => {
    await knotc('conf-begin');
    const change = await of.zones.upsert('a.example', 1);
    const [waiting] = await of.apply(change);
    expect(waiting).toMatchObject({ outcome: 'unavailable' });
    expect(waiting?.reason).toContain('knotc conf-commit or conf-abort');
    await knotc('conf-set', 'zone[theirs.example]');
    await knotc('conf-abort');
    expect(await of.apply(change)).toEqual([{ name: 'a.example', outcome: 'served', serial: 1 }]);
  });

  test('a transaction that a crash of ours left open is ended at the next start', async () => {
    await of.apply(await of.zones.upsert('a.example', 1));
    // What a crash between the first command of a transaction and its last leaves.
    await writeFile(join(of.folder, 'open-transaction'), '');
    await knotc('conf-begin');
    await knotc('conf-set', 'zone[half.example]');
    await of.restartDriver();
    expect(await of.outcomes(await of.zones.upsert('b.example', 1))).toEqual(['served']);
    expect(existsSync(join(of.folder, 'open-transaction'))).toBe(false);
    await expect(knotc('conf-read', 'zone[half.example]')).rejects.toThrow();
  });

  test("the operator's reload of its configuration keeps our zones", async () => {
    await of.apply(...(await of.zones.upserts(50, 1)));
    await knotc('reload');
    await of.untilAllServed();
    expect(await of.outcomes(await of.zones.upsert('zone-1.example', 2))).toEqual(['served']);
  });

  test('without its socket: unavailable, with where it was looked for', async () => {
    await of.kill();
    await rm(socket, { force: true });
    const [applied] = await of.apply(await of.zones.upsert('a.example', 1));
    expect(applied?.reason).toMatch(/Knot DNS gave no reply at its control channel .*control \(.*ENOENT/);
  });
});

describe('messages of the control socket of Knot', () => {
  test('are read as they were written, whole or in pieces', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.nat(), (zone, data, at) => {
        const octets = encodeCommand({ command: 'x', zone, data });
        const cut = at % octets.length;
        expect(readReply(octets.subarray(0, cut))).toBeUndefined();
        const read = readReply(Buffer.concat([octets, Buffer.from([1])]));
        expect(read).toEqual({ reply: { rows: [{ command: 'x', zone, data }] }, length: octets.length });
      }),
    );
  });

  test('of any octets are a reply, the beginning of one, or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (octets) => {
        try {
          const read = readReply(Buffer.from(octets));
          if (read !== undefined) expect(read.length).toBeLessThanOrEqual(octets.length);
        } catch (error) {
          expect((error as Error).message).toBe('its reply makes no sense');
        }
      }),
    );
  });

  test('of a value that is too long are not sent', () => {
    expect(() => encodeCommand({ command: 'x', data: 'y'.repeat(70_000) })).toThrow(/too long/);
  });
});
