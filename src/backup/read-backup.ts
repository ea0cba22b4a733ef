import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract, type Entry } from 'tar-stream';
import { ClusterError, codeOf, sentenceOf } from '../errors.js';
import {
  isPath,
  LARGEST_FILE,
  LARGEST_MANIFEST,
  MANIFEST,
  manifestSchema,
  MOST_FILES,
  MOST_OCTETS,
} from './backup-format.js';
import type { BackedUp, Manifest } from './backup-format.js';

/** Folders in which other users of the service's group read: the nameserver reads zone files. */
const SHARED = /(^|\/)(zones|previous|by-hand)(\/|$)|^dns-cluster$/;
const NEVER = 0o027;
/** Octets between the data of two files: a name that is long takes some, and tar-stream keeps them all in memory. */
const LARGEST_HEADER = 1024 * 1024;

/** What was taken out of an archive, until its manifest says that it is right. */
type Taken = Omit<BackedUp, 'mode'>;

/**
 * Takes an archive out into an empty folder, and compares it with its manifest, which stands last. Rejects with
 * backup_unusable where anything in it is not as it was written, is no plain file, leads out of the folder, or is
 * larger than a backup is.
 */
export async function readBackup(file: string, into: string): Promise<Manifest> {
  try {
    const entries = extract();
    const headers = new Headers();
    const [manifest] = await Promise.all([
      takeOut(entries, into, headers),
      pipeline(createReadStream(file), createGunzip(), headers, entries),
    ]);
    return manifest;
  } catch (error) {
    if (codeOf(error) === 'ENOSPC') throw error;
    throw new ClusterError('backup_unusable', { file, why: sentenceOf(error) }, { cause: error });
  }
}

/** Lets an archive through, and no more than LARGEST_HEADER of it in which no file's data comes. */
class Headers extends Transform {
  #since = 0;

  /** A file begins, or so much of its data has come out. */
  came(octets = this.#since): void {
    this.#since -= octets;
  }

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    this.#since += chunk.length;
    if (this.#since > LARGEST_HEADER) done(new Error('what stands before a file in it is too large'));
    else done(null, chunk);
  }
}

async function takeOut(entries: AsyncIterable<Entry>, into: string, headers: Headers): Promise<Manifest> {
  const taken = new Map<string, Taken>();
  let octets = 0;
  let manifest: Manifest | undefined;
  for await (const entry of entries) {
    headers.came();
    const { name, type, size = 0 } = entry.header;
    if (manifest !== undefined) throw new Error(`${shown(name)} stands behind the manifest`);
    if (type !== 'file' || !isPath(name)) throw new Error(`${shown(name)} is no plain file inside the folder`);
    if (name === MANIFEST) {
      manifest = await manifestOf(entry, size, headers);
      continue;
    }
    octets += size;
    if (size > LARGEST_FILE || octets > MOST_OCTETS || taken.size >= MOST_FILES) throw new Error('it is too large');
    if (taken.has(name)) throw new Error(`${name} is in it twice`);
    taken.set(name, await takeFile(entry, join(into, name), name, headers));
  }
  if (manifest === undefined) throw new Error('it ends before its manifest');
  compare(manifest, taken);
  return manifest;
}

async function takeFile(entry: Entry, to: string, path: string, headers: Headers): Promise<Taken> {
  await mkdir(dirname(to), { recursive: true, mode: SHARED.test(dirname(path)) ? 0o750 : 0o700 });
  const hash = createHash('sha256');
  let size = 0;
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      headers.came(chunk.length);
      size += chunk.length;
      done(null, chunk);
    },
  });
  // Never over what is there, nor for more than its group to read.
  const mode = (entry.header.mode ?? 0) & 0o777 & ~NEVER;
  await pipeline(entry, counted, createWriteStream(to, { flags: 'wx', mode: mode | 0o600 }));
  return { path, size, sha256: hash.digest('hex') };
}

async function manifestOf(entry: Entry, size: number, headers: Headers): Promise<Manifest> {
  if (size > LARGEST_MANIFEST) throw new Error('its manifest is too large');
  const parts: Buffer[] = [];
  for await (const part of entry) {
    headers.came(part.length);
    parts.push(part);
  }
  const read = manifestSchema.safeParse(JSON.parse(Buffer.concat(parts).toString('utf8')));
  if (read.success) return read.data;
  throw new Error('its manifest is not one that this version knows');
}

function compare({ files }: Manifest, taken: ReadonlyMap<string, Taken>): void {
  for (const { path, size, sha256 } of files) {
    const found = taken.get(path);
    if (found === undefined) throw new Error(`${path} is missing in it`);
    if (found.size !== size || found.sha256 !== sha256) throw new Error(`${path} is not as it was written`);
  }
  if (taken.size !== files.length) throw new Error('it has files that its manifest does not name');
}

/** It may hold anything; a terminal obeys control characters. */
function shown(name: string): string {
  return JSON.stringify(name.slice(0, 200));
}
