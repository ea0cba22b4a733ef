import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { verifyAudit, type AuditVerdict } from '../../src/operations/audit-chain.js';
import { auditFiles, AuditLog } from '../../src/operations/audit-log.js';
import { createLog } from '../../src/operations/log.js';
import { mayMount, SmallDisk } from '../small-disk.js';

const log = createLog({ level: 'silent' });
let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'audit-log-'));
  file = join(folder, 'audit.log');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function note(first: number, last: number, size = 0, at = file): Promise<AuditLog> {
  const audit = new AuditLog(at, log);
  for (let i = first; i <= last; i++) await noteOne(audit, i, size);
  await audit.close();
  return audit;
}

function noteOne(audit: AuditLog, i: number, size = 0): Promise<void> {
  const target = `zone-${i}.example${'x'.repeat(size)}`;
  return audit.record({ time: new Date().toISOString(), user: 'root', via: 'page', action: 'saveZone', target });
}

function verify(sought?: string): Promise<AuditVerdict> {
  return verifyAudit(auditFiles(file), sought);
}

function edit(change: (lines: string[]) => string[]): void {
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  writeFileSync(
    file,
    change(lines)
      .map((line) => `${line}\n`)
      .join(''),
  );
}

describe('the audit log', () => {
  test('is sound over restarts, over a crash in the middle of a line, and where many note at once', async () => {
    await note(1, 3);
    appendFileSync(file, '{"number":4,"time":"2026');
    const audit = new AuditLog(file, log);
    await Promise.all([4, 5, 6, 7].map((i) => noteOne(audit, i)));
    await audit.close();
    expect(await verify()).toEqual({ lines: 7, first: 1, end: audit.end });
    expect((await audit.latest(10)).map(({ target }) => target)).toEqual(
      [7, 6, 5, 4, 3, 2, 1].map((i) => `zone-${i}.example`),
    );
  });

  test('is on disk when a note resolves, so that a kill afterwards takes nothing back', async () => {
    const audit = new AuditLog(file, log);
    await noteOne(audit, 1);
    expect(readFileSync(file, 'utf8')).toContain('zone-1.example');
    await audit.close();
  });

  test.each<[string, number, (lines: string[]) => string[]]>([
    ['changed', 3, (lines) => lines.map((line) => line.replace('zone-3.', 'zone-9.'))],
    ['changed at the end', 6, (lines) => lines.map((line) => line.replace('zone-6.', 'zone-9.'))],
    ['taken out', 3, (lines) => lines.filter((_, i) => i !== 2)],
    ['taken out at the beginning', 1, (lines) => lines.slice(2)],
    ['put in twice', 4, (lines) => lines.flatMap((line, i) => (i === 2 ? [line, line] : line))],
    ['exchanged', 2, ([a = '', b = '', c = '', ...rest]) => [a, c, b, ...rest]],
    ['replaced by nonsense', 5, (lines) => lines.map((line, i) => (i === 4 ? 'nonsense' : line))],
  ])('says where an entry was %s, now and at the next start, and goes on behind it', async (_, line, change) => {
    await note(1, 6);
    edit(change);
    expect((await verify()).broken).toMatchObject({ file, line });
    const audit = await note(7, 8);
    expect(audit.broken).toMatchObject({ file, line });
    const verdict = await verify();
    expect(verdict.broken).toMatchObject({ file, line });
    expect(verdict.end).toEqual(audit.end);
  });

  test('says where an entry was written by somebody else who knows how a line is hashed', async () => {
    await note(1, 4);
    const other = join(folder, 'other.log');
    await note(1, 1, 3, other);
    edit((lines) => [readFileSync(other, 'utf8').trimEnd(), ...lines.slice(1)]);
    expect((await verify()).broken).toMatchObject({ line: 2, why: expect.stringContaining('entry 1') as string });
  });

  test('cut off at its end is found by a hash that was kept elsewhere', async () => {
    const { end } = await note(1, 5);
    expect(await verify(end.hash)).toMatchObject({ found: true });
    await note(6, 7);
    expect(await verify(end.hash)).toMatchObject({ found: true });
    edit((lines) => lines.slice(0, 4));
    const verdict = await verify(end.hash);
    expect([verdict.found, verdict.broken]).toEqual([false, undefined]);
  });

  test('stays one chain when a file is set aside, and says that entries are gone where that file is', async () => {
    const audit = await note(1, 12, 1024 * 1024);
    await note(13, 14);
    expect(await verify()).toMatchObject({ first: 1, end: { number: 14 } });
    expect((await verify()).broken).toBeUndefined();
    expect(audit.broken).toBeUndefined();
    rmSync(`${file}.1`);
    expect((await verify()).broken).toMatchObject({
      why: expect.stringMatching(/entries before entry \d+ are gone/) as string,
    });
  });

  test.skipIf(!mayMount())('keeps what a full disk does not take, and writes it when there is room', async () => {
    const disk = SmallDisk.mount(128 * 1024);
    try {
      file = join(disk.folder, 'audit.log');
      const audit = new AuditLog(file, log);
      await noteOne(audit, 1);
      disk.fill(4_096);
      for (let i = 2; i <= 20; i++) await noteOne(audit, i, 800);
      expect((await verify()).broken).toBeUndefined();
      disk.empty();
      await noteOne(audit, 21);
      expect(await verify()).toMatchObject({ lines: 21, end: { number: 21 } });
      await audit.close();
    } finally {
      disk.unmount();
    }
  });
});
