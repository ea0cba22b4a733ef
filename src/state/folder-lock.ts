import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, readlink, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { ClusterError, codeOf } from '../errors.js';

const NAME = 'lock';
/** In a folder whose restore from a backup was begun and not finished. */
export const UNFINISHED = 'restore-unfinished';
const TRIES = 10;

/**
 * One process at a time owns a data folder. The lock names the owner's process and its start time, so that a lock left
 * by a process that was killed is taken over, also where its number went to another process meanwhile. It is a symbolic
 * link that leads nowhere: its text needs no room on disk, so that a server starts on a full one.
 */
export class FolderLock {
  readonly #file: string;

  private constructor(file: string) {
    this.#file = file;
  }

  /** Rejects with folder_in_use, naming the process; and with folder_half_restored, but for who finishes that. */
  static async take(folder: string, { evenUnfinished = false } = {}): Promise<FolderLock> {
    const file = join(folder, NAME);
    await claim(`${process.pid} ${(await startOf(process.pid)) ?? ''}`, file, folder);
    const lock = new FolderLock(file);
    if (evenUnfinished || !existsSync(join(folder, UNFINISHED))) return lock;
    await lock.release();
    throw new ClusterError('folder_half_restored', { folder });
  }

  async release(): Promise<void> {
    await rm(this.#file, { force: true });
  }
}

/**
 * Makes the lock `file` say `mine` where there is none, or where its owner is dead. Of several who find the same dead
 * owner, only the one who gets the name of its successor, which is itself claimed so, may replace it: removing it first
 * would let two in.
 */
async function claim(mine: string, file: string, folder: string): Promise<void> {
  for (let tries = 0; tries < TRIES; tries++) {
    if (await isMade(mine, file)) return;
    const found = await contentOf(file);
    if (found === undefined) continue;
    await refuseIfAlive(found, folder);
    const successor = `${file}-${createHash('sha256').update(found).digest('hex').slice(0, 8)}`;
    await claim(mine, successor, folder);
    if ((await contentOf(file)) === found) return rename(successor, file);
    await rm(successor, { force: true });
  }
  throw new ClusterError('folder_in_use', { folder, pid: 'unknown' });
}

async function isMade(content: string, file: string): Promise<boolean> {
  try {
    await symlink(content, file);
    return true;
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    return false;
  }
}

async function refuseIfAlive(content: string, folder: string): Promise<void> {
  const [pid = '', start = ''] = content.split(' ');
  const now = await startOf(Number(pid));
  if (now !== undefined && now === start) throw new ClusterError('folder_in_use', { folder, pid });
}

/** A lock of an earlier version is a file. */
async function contentOf(file: string): Promise<string | undefined> {
  return readlink(file)
    .catch(() => readFile(file, 'utf8'))
    .catch(() => undefined);
}

/** When a process started, in the kernel's ticks; undefined where there is no such process. */
async function startOf(pid: number): Promise<string | undefined> {
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The second field, the program's name in parentheses, may hold spaces: count from its end. Field 22 is the start
  // time.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}
