import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { link, open, readdir, rename, rm, writeFile, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ifMissing } from '../errors.js';

/** Makes names in a folder (creations, renames, removals) survive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Replaces a file as a whole: a reader, and a start after a crash at any moment, sees the old content or the new one.
 * On disk when it resolves. A unique temporary name keeps two writers apart; `mode` holds for the new file. Whoever
 * owns the file calls `dropTemporaries` when it opens it: a kill in the middle leaves one behind. `previous`: the name
 * that the old content keeps; where the new content can't be written, what had that name before still has it. A content
 * in pieces is written piece by piece: others get their turn in between.
 */
export async function replaceFile(
  file: string,
  content: string | Buffer | Iterable<string | Buffer>,
  mode: number,
  previous?: string,
): Promise<void> {
  const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  let handle: FileHandle | undefined;
  try {
    handle = await open(temporary, 'wx', mode);
    await writeFile(handle, content);
    await handle.sync();
    await handle.close();
    handle = undefined;
    if (previous !== undefined) await keepAs(file, previous);
    await rename(temporary, file);
    await syncFolder(dirname(file));
  } catch (error) {
    await handle?.close().catch(() => undefined);
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Gives a file a second name: needs no room, and is never half written as a copy could be. */
async function keepAs(file: string, name: string): Promise<void> {
  await rm(name, { force: true });
  await link(file, name).catch(ifMissing(undefined));
}

/** Removes what `replaceFile` left beside `file` when its process was killed. Only while nobody writes the file. */
export async function dropTemporaries(file: string): Promise<void> {
  const prefix = `${basename(file)}.`;
  for (const name of await readdir(dirname(file))) {
    if (name.startsWith(prefix) && /^[0-9a-f]{12}\.tmp$/.test(name.slice(prefix.length))) {
      await rm(join(dirname(file), name), { force: true });
    }
  }
}
