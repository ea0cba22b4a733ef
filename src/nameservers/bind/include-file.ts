import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import pLimit from 'p-limit';
import { replaceFile } from '../../state/durable-file.js';
import { includedZones, includeText, partsText } from './bind-config.js';

/** Parts of the file. With 100,000 zones, to take one away writes 0.2 MB instead of 10. */
const PARTS = 64;
const WRITES_AT_ONCE = 4;
/** named may run as another user; the files hold names and paths only. */
const FILE_MODE = 0o644;
const FOLDER_MODE = 0o755;

interface Part {
  file: string;
  zones: Map<string, string>;
  /** Differs from what is on disk. */
  dirty: boolean;
}

/** The zones that named's configuration takes from us: one file for it to include, which includes its parts. */
export class IncludeFile {
  readonly #file: string;
  readonly #folder: string;
  readonly #parts: readonly Part[];
  /** Is the file that names the parts on disk? */
  #complete = false;

  constructor(file: string) {
    this.#file = file;
    this.#folder = `${file}.d`;
    this.#parts = Array.from({ length: PARTS }, (_, i) => ({
      file: join(this.#folder, String(i).padStart(2, '0')),
      zones: new Map<string, string>(),
      dirty: true,
    }));
  }

  has(name: string): boolean {
    return this.#partOf(name).zones.has(name);
  }

  set(name: string, file: string): void {
    const part = this.#partOf(name);
    if (part.zones.get(name) === file) return;
    part.zones.set(name, file);
    part.dirty = true;
  }

  delete(name: string): void {
    const part = this.#partOf(name);
    if (part.zones.delete(name)) part.dirty = true;
  }

  /** Looks what is on disk. Returns zones that are there and should not be; what differs is put right by the next `write`. */
  async compare(): Promise<Map<string, string>> {
    const strangers = new Map<string, string>();
    this.#complete = (await readText(this.#file)) === this.#text();
    for (const part of this.#parts) {
      const text = await readText(part.file);
      part.dirty = text !== includeText(part.zones);
      if (!part.dirty) continue;
      for (const [name, file] of includedZones(text ?? '')) if (!this.has(name)) strangers.set(name, file);
    }
    return strangers;
  }

  /** Everything set so far is on disk when it resolves. */
  async write(): Promise<void> {
    const limit = pLimit(WRITES_AT_ONCE);
    await mkdir(this.#folder, { recursive: true, mode: FOLDER_MODE });
    await Promise.all(this.#parts.map((part) => limit(() => writePart(part))));
    if (this.#complete) return;
    // Last, because named refuses a configuration that includes a missing file.
    await replaceFile(this.#file, this.#text(), FILE_MODE);
    this.#complete = true;
  }

  #text(): string {
    return partsText(this.#parts.map((part) => part.file));
  }

  #partOf(name: string): Part {
    const part = this.#parts[crc32(name) % PARTS];
    if (part === undefined) throw new Error('no such part');
    return part;
  }
}

async function writePart(part: Part): Promise<void> {
  if (!part.dirty) return;
  await replaceFile(part.file, includeText(part.zones), FILE_MODE);
  part.dirty = false;
}

async function readText(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch(() => undefined);
}
