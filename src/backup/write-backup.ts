import { createHash, randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { pack, type Pack } from 'tar-stream';
import { ifMissing } from '../errors.js';
import { packageVersion } from '../operations/version.js';
import { syncFolder } from '../state/durable-file.js';
import { filesToBackUp, type Layout } from './backed-up-files.js';
import { FORMAT, MANIFEST, type BackedUp, type Manifest } from './backup-format.js';

/** It holds keys and tokens. */
const MODE = 0o600;
const CHUNK = 256 * 1024;

interface BackupOptions {
  folder: string;
  layout: Layout;
  /** Ends it: what the copy relies on is not so any more. */
  signal: AbortSignal;
}

/**
 * Writes everything that the folder keeps into an archive, which is there whole and synced when this resolves, or not
 * at all. The caller sees to it that the service stands still or folds no journal meanwhile.
 */
export async function writeBackup(file: string, options: BackupOptions): Promise<Manifest> {
  const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  const handle = await open(temporary, 'wx', MODE);
  // Ends the filling, too, where the disk takes no more.
  const ending = new AbortController();
  const signal = AbortSignal.any([options.signal, ending.signal]);
  try {
    const archive = pack();
    const output = createWriteStream(temporary, { fd: handle.fd, autoClose: false });
    const written = pipeline(archive, createGzip(), output, { signal: options.signal }).catch((error: unknown) => {
      ending.abort(error);
      throw error;
    });
    const [manifest] = await Promise.all([fill(archive, { ...options, signal }), written]);
    await handle.sync();
    await handle.close();
    await rename(temporary, file);
    await syncFolder(dirname(file));
    return manifest;
  } catch (error) {
    ending.abort(error);
    await handle.close().catch(() => undefined);
    await rm(temporary, { force: true });
    throw error;
  }
}

async function fill(archive: Pack, { folder, layout, signal }: BackupOptions): Promise<Manifest> {
  const files: BackedUp[] = [];
  for await (const path of filesToBackUp(folder, layout)) {
    signal.throwIfAborted();
    const added = await add(archive, { folder, path, signal });
    if (added !== undefined) files.push(added);
  }
  const made = new Date().toISOString();
  const manifest: Manifest = { format: FORMAT, version: await packageVersion(), made, layout, files };
  archive.entry({ name: MANIFEST, mode: MODE }, JSON.stringify(manifest));
  archive.finalize();
  return manifest;
}

/** A file that grows meanwhile is taken as far as it was when it was opened; one that is gone is left out. */
async function add(
  archive: Pack,
  { folder, path, signal }: { folder: string; path: string; signal: AbortSignal },
): Promise<BackedUp | undefined> {
  const handle = await open(join(folder, path), 'r').catch(ifMissing(undefined));
  if (handle === undefined) return undefined;
  try {
    const { size, mode: bits, mtime } = await handle.stat();
    const mode = bits & 0o777;
    const entry = archive.entry({ name: path, size, mode, mtime });
    const hash = createHash('sha256');
    // The next begins when this one is through: a folder of any size takes the same memory.
    await pipeline(
      octetsOf(handle, size, path),
      async function* (octets) {
        for await (const chunk of octets) {
          hash.update(chunk);
          yield chunk;
        }
      },
      entry,
      { signal },
    );
    return { path, size, mode, sha256: hash.digest('hex') };
  } finally {
    await handle.close();
  }
}

async function* octetsOf(handle: FileHandle, size: number, path: string): AsyncGenerator<Buffer> {
  for (let at = 0; at < size;) {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(Math.min(CHUNK, size - at)), 0, undefined, at);
    if (bytesRead === 0) throw new Error(`${path} became shorter while it was read`);
    yield buffer.subarray(0, bytesRead);
    at += bytesRead;
  }
}
