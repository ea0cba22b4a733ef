import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FolderLock } from '../../src/state/folder-lock.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'folder-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A process that had the lock and was killed. */
async function leaveStaleLock(): Promise<void> {
  const child = spawn('sleep', ['60']);
  const stat = readFileSync(`/proc/${child.pid ?? 0}/stat`, 'utf8');
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  writeFileSync(join(folder, 'lock'), `${child.pid ?? 0} ${stat.split(' ')[21] ?? ''}`);
}

describe('the lock of a folder', () => {
  test('is refused to a second taker, with the number of the process that has it', async () => {
    const lock = await FolderLock.take(folder);
    await expect(FolderLock.take(folder)).rejects.toMatchObject({
      code: 'folder_in_use',
      message: expect.stringContaining(`process ${process.pid}`) as string,
    });
    await lock.release();
    await (await FolderLock.take(folder)).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  test('is taken over from a process that was killed', async () => {
    await leaveStaleLock();
    const lock = await FolderLock.take(folder);
    await expect(FolderLock.take(folder)).rejects.toMatchObject({ code: 'folder_in_use' });
    await lock.release();
  });

  test('is taken over where the number went to another process meanwhile', async () => {
    writeFileSync(join(folder, 'lock'), `${process.pid} 1`);
    await (await FolderLock.take(folder)).release();
  });

  test.each(['', 'garbage', '-1 5', '0 0', '99999999999999999999 1'])(
    'is taken over where it says "%s"',
    async (content) => {
      writeFileSync(join(folder, 'lock'), content);
      await (await FolderLock.take(folder)).release();
      expect(readdirSync(folder)).toEqual([]);
    },
  );

  test('is taken over from one who was killed while taking it over', async () => {
    await leaveStaleLock();
    const stale = readFileSync(join(folder, 'lock'));
    const successor = `lock-${createHash('sha256').update(stale).digest('hex').slice(0, 8)}`;
    writeFileSync(join(folder, successor), `${process.pid} 2`);
    const lock = await FolderLock.take(folder);
    expect(readdirSync(folder)).toEqual(['lock']);
    await lock.release();
  });

  test.each(['free', 'stale'])('that is %s goes to exactly one of many who take it at once', async (state) => {
    for (let round = 0; round < 30; round++) {
      if (state === 'stale') writeFileSync(join(folder, 'lock'), `${process.pid} 1`);
      const takers = await Promise.allSettled(Array.from({ length: 8 }, () => FolderLock.take(folder)));
      const taken = takers.filter((taker) => taker.status === 'fulfilled');
      expect(taken).toHaveLength(1);
      expect(readdirSync(folder)).toEqual(['lock']);
      await taken[0]?.value.release();
    }
  });
});
