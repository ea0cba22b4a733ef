import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import pLimit from 'p-limit';
import { replaceFile } from '../../state/durable-file.js';
import type { ZoneName } from '../../zones/zone-name.js';
import type { ZoneFile } from './zone-commands.js';

/** How a server's configuration writes what an include file says. */
export interface IncludeSyntax {
  /** The first lines of each file, a comment. */
  notice: string;
  /** Text of the file that includes these files. */
  whole: (parts: readonly string[]) => string;
  /** The line, or lines, of one zone. */
  zone: (name: string, file: string) => string;
  /** Zones and their files of a text made of such lines. */
  zones: (text: string) => Iterable<readonly [name: string, file: string]>;
}

/** Parts of the file. With 100,000 zones, to take one away writes 0.2 MB instead of 10. */
const PARTS = 64;
const WRITES_AT_ONCE = 4;
/** The server may run as another user; the files hold names and paths only. */
const FILE_MODE = 0o644;
const FOLDER_MODE = 0o755;

interface Part {
  file: string;
  zones: Map<string, string>;
  /** Differs from what is on disk. */
  dirty: boolean;
}

/** The zones that a server's configuration takes from us: one file for it to include, which includes its parts. */
export class IncludeFile {
  readonly #file: string;
  readonly #folder: string;
  readonly #syntax: IncludeSyntax;
  readonly #parts: readonly Part[];
  /** Is the file that names the parts on disk? */
  #complete = false;

  constructor(file: string, syntax: IncludeSyntax) {
    this.#file = file;
    this.#folder = `${file}.d`;
    this.#syntax = syntax;
    this.#parts = Array.from({ length: PARTS }, (_, i) => ({
      file: join(this.#folder, String(i).padStart(2, '0')),
      zones: new Map<string, string>(),
      dirty: true,
    }));
  }

  get size(): number {
    return this.#parts.reduce((sum, part) => sum + part.zones.size, 0);
  }

  get(name: string): string | undefined {
    return this.#partOf(name).zones.get(name);
  }

  list(): ZoneFile[] {
    return this.#parts.flatMap(({ zones }) => Array.from(zones, ([name, file]) => ({ name: name as ZoneName, file })));
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

  /**
   * Takes zones away and has the server told. Where it can't be, they stand there again: the server may still have
   * them, and next time they would be taken for somebody else's.
   */
  async without(names: readonly string[], tell: () => Promise<unknown>): Promise<void> {
    const before = names.map((name) => [name, this.get(name)] as const);
    for (const name of names) this.delete(name);
    await this.write();
    try {
      await tell();
    } catch (error) {
      for (const [name, file] of before) if (file !== undefined) this.set(name, file);
      await this.write();
      throw error;
    }
  }

  /**
   * Looks what is on disk. Returns zones that are there and are not set; what differs is put right by the next `write`.
   */
  async compare(): Promise<Map<string, string>> {
    const strangers = new Map<string, string>();
    this.#complete = (await readText(this.#file)) === this.#text();
    for (const part of this.#parts) {
      const text = await readText(part.file);
      part.dirty = text !== this.#partText(part);
      if (!part.dirty) continue;
      for (const [name, file] of this.#syntax.zones(text ?? '')) {
        if (this.get(name) === undefined) strangers.set(name, file);
      }
    }
    return strangers;
  }

  /** Everything set so far is on disk when it resolves. */
  async write(): Promise<void> {
    const limit = pLimit(WRITES_AT_ONCE);
    await mkdir(this.#folder, { recursive: true, mode: FOLDER_MODE });
    await Promise.all(this.#parts.map((part) => limit(() => this.#writePart(part))));
    if (this.#complete) return;
    // Last, because a server refuses a configuration that includes a missing file.
    await replaceFile(this.#file, this.#text(), FILE_MODE);
    this.#complete = true;
  }

  async #writePart(part: Part): Promise<void> {
    if (!part.dirty) return;
    // What is set while it is being written makes it dirty again.
    part.dirty = false;
    try {
      await replaceFile(part.file, this.#partText(part), FILE_MODE);
    } catch (error) {
      part.dirty = true;
      throw error;
    }
  }

  #text(): string {
    return this.#syntax.notice + this.#syntax.whole(this.#parts.map((part) => part.file));
  }

  #partText({ zones }: Part): string {
    return this.#syntax.notice + Array.from(zones, ([name, file]) => this.#syntax.zone(name, file)).join('');
  }

  #partOf(name: string): Part {
    const part = this.#parts[crc32(name) % PARTS];
    if (part === undefined) throw new Error('no such part');
    return part;
  }
}

async function readText(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch(() => undefined);
}
