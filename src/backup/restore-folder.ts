import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { lchown, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { ClusterError } from '../errors.js';
import { replaceFile } from '../state/durable-file.js';
import { FolderLock, UNFINISHED } from '../state/folder-lock.js';
import { entriesOf, INSIDE_NODE, isKept, isReplaced, layoutOf, placesOf } from './backed-up-files.js';
import type { Manifest } from './backup-format.js';
import { STATE_RECORD } from '../state/state-record.js';
import { readBackup } from './read-backup.js';

/** The record of what has ended: a backup from before that does not bring it back. */
const STAYS: ReadonlySet<string> = new Set([INSIDE_NODE, STATE_RECORD]);

/** What was done. */
interface Restored {
  manifest: Manifest;
  /** Folders where what was there before lies now. */
  setAside: string[];
}

interface Place {
  path: string;
  inPlugin: boolean;
}

/**
 * Makes the folder as the archive has it. The whole archive is taken out and compared before anything is touched; what
 * was there is set aside in the folder. A kill in the middle leaves a folder in which no service starts until the
 * restore is done again. `force`: also where the folder holds data. Rejects with folder_in_use, folder_not_empty,
 * backup_unusable, backup_of_other.
 */
export async function restoreFolder(file: string, folder: string, { force }: { force: boolean }): Promise<Restored> {
  await mkdir(folder, { recursive: true, mode: 0o750 });
  const locks = [await FolderLock.take(folder, { evenUnfinished: true })];
  const staging = join(folder, `restoring-${randomBytes(6).toString('hex')}`);
  try {
    await dropLeft(folder);
    const isUnfinished = (await readdir(folder)).includes(UNFINISHED);
    const held = await heldIn(folder);
    if (held.length > 0 && !force && !isUnfinished)
      throw new ClusterError('folder_not_empty', { folder, held: held.slice(0, 5).join(', ') });
    await mkdir(staging, { mode: 0o700 });
    const manifest = await readBackup(file, staging);
    const layout = await layoutOf(folder);
    if (held.length > 0 && layout !== manifest.layout)
      throw new ClusterError('backup_of_other', { folder, layout: manifest.layout });
    const [top, inner] = placesOf(folder, manifest.layout);
    if (inner !== undefined) {
      await mkdir(inner.path, { recursive: true, mode: 0o750 });
      await giveTo(folder, inner.path);
      locks.push(await FolderLock.take(inner.path, { evenUnfinished: true }));
    }
    const taken = await readdir(staging, { recursive: true });
    await giveTo(folder, ...[...taken, ''].map((path) => join(staging, path)));
    const setAside = await replace(
      [top, inner].filter((place) => place !== undefined),
      staging,
      manifest,
    );
    return { manifest, setAside };
  } finally {
    await rm(staging, { recursive: true, force: true });
    for (const lock of locks.reverse()) await lock.release();
  }
}

/** From the first name that is moved to the last, the folder is said to be unfinished. */
async function replace(places: readonly Place[], staging: string, { made, layout }: Manifest): Promise<string[]> {
  const aside = `before-restore-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`;
  const setAside: string[] = [];
  for (const { path } of places) await replaceFile(join(path, UNFINISHED), `${made}\n`, 0o600);
  for (const { path, inPlugin } of places) {
    // The plugin's folder stays where it is, with its lock; what is in it is exchanged.
    const goes = (await readdir(path)).filter((name) => isReplaced(name, inPlugin) && !STAYS.has(name));
    if (goes.length === 0) continue;
    await mkdir(join(path, aside), { mode: 0o700 });
    for (const name of goes) await rename(join(path, name), join(path, aside, name));
    setAside.push(join(path, aside));
  }
  for (const { path, inPlugin } of places) {
    const from = layout === 'node' && inPlugin ? join(staging, INSIDE_NODE) : staging;
    const there = await readdir(path);
    for (const name of await readdir(from)) {
      if (!STAYS.has(name) || (name === STATE_RECORD && !there.includes(name)))
        await rename(join(from, name), join(path, name));
    }
  }
  for (const path of setAside) await giveTo(dirname(path), path);
  await syncAll(staging);
  for (const { path } of [...places].reverse()) await rm(join(path, UNFINISHED));
  return setAside;
}

/** What a killed restore took out of its archive. */
async function dropLeft(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (/^restoring-[0-9a-f]{12}$/.test(name)) await rm(join(folder, name), { recursive: true, force: true });
  }
}

/** Names of what the folder holds already, of a node or of the plugin. */
async function heldIn(folder: string): Promise<string[]> {
  const layout = await layoutOf(folder);
  const held: string[] = [];
  for (const { path, inPlugin } of placesOf(folder, layout)) {
    const names = (await entriesOf(path)).filter((name) => isKept(name, inPlugin) && name !== INSIDE_NODE);
    held.push(...names);
  }
  return held;
}

/** The service's user, to whom the folder belongs, must be able to use what root has made. */
async function giveTo(folder: string, ...made: readonly string[]): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = await stat(folder);
  for (const path of made) await lchown(path, uid, gid);
}

/**
 * One call for all files, where each alone would take minutes. Where there is no such program, the system writes them
 * within half a minute.
 */
async function syncAll(folder: string): Promise<void> {
  await promisify(execFile)('sync', ['-f', folder]).catch(() => undefined);
}
