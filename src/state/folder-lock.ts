import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ClusterError } from '../errors.js';

const NAME = 'lock';

/**
 * One process at a time owns a data folder. The lock file names the owner's process and its start time, so that a lock left by a
 * process that was killed is taken over, also where its number went to another process meanwhile.
 */
export class FolderLock {
  readonly #file: string;

  private constructor(file: string) {
    this.#file = file;
  }

  /** Rejects with folder_in_use, naming the process. */
  static async take(folder: string): Promise<FolderLock> {
    const file = join(folder, NAME);
    const own = `${process.pid} ${(await startOf(process.pid)) ?? ''}`;
    for (let tries = 0; tries < 3; tries++) {
      try {
        const handle = await open(file, 'wx', 0o600);
        await handle.writeFile(own);
        await handle.close();
        return new FolderLock(file);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const [pid = '', start = ''] = (await readFile(file, 'utf8').catch(() => '')).split(' ');
      const now = await startOf(Number(pid));
      if (now !== undefined && now === start) throw new ClusterError('folder_in_use', { folder, pid });
      await rm(file, { force: true });
    }
    throw new ClusterError('folder_in_use', { folder, pid: 'unknown' });
  }

  async release(): Promise<void> {
    await rm(this.#file, { force: true });
  }
}

/** When a process started, in the kernel's ticks; undefined where there is no such process. */
async function startOf(pid: number): Promise<string | undefined> {
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The second field, the program's name in parentheses, may hold spaces: count from its end. Field 22 is the start time.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}
