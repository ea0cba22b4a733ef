import { crc32 } from 'node:zlib';
import type { FileStamp, ZoneFiles } from './zone-files.js';
import type { ZoneIndex } from './zone-index.js';
import type { ZoneName } from './zone-name.js';

interface Written {
  text: Buffer;
  stamp: FileStamp;
}

/** What the steps of a journal do with files: master files and previous versions. */
export type StepFiles = Pick<
  ZoneFiles,
  'read' | 'stat' | 'readPrevious' | 'prepare' | 'discard' | 'place' | 'keepPrevious' | 'dropPrevious' | 'remove'
>;

/**
 * The master files as they will be when a journal is replayed to its end. Versions that others replace on the way are
 * never on disk, so that a replay whose files are right already writes nothing: it works on a full disk.
 */
export class ReplayedFiles implements StepFiles {
  readonly #files: ZoneFiles;
  /** Undefined: removed. */
  readonly #masters = new Map<ZoneName, Written | undefined>();
  readonly #previous = new Map<ZoneName, Buffer | undefined>();
  readonly #prepared = new Map<string, Written>();

  constructor(files: ZoneFiles) {
    this.#files = files;
  }

  read(name: ZoneName): Buffer | undefined {
    return this.#masters.has(name) ? this.#masters.get(name)?.text : this.#files.read(name);
  }

  stat(name: ZoneName): Omit<FileStamp, 'crc'> | undefined {
    return this.#masters.has(name) ? this.#masters.get(name)?.stamp : this.#files.stat(name);
  }

  readPrevious(name: ZoneName): Buffer | undefined {
    return this.#previous.has(name) ? this.#previous.get(name) : this.#files.readPrevious(name);
  }

  prepare(name: ZoneName, text: Buffer): { temporary: string; stamp: FileStamp } {
    // No file has this time: what is asked whether it is still the same is so here alone.
    const stamp = { mtime: -1, size: text.length, crc: crc32(text) };
    this.#prepared.set(name, { text, stamp });
    return { temporary: name, stamp };
  }

  discard(temporary: string): void {
    this.#prepared.delete(temporary);
  }

  place(temporary: string, name: ZoneName): void {
    this.#masters.set(name, this.#prepared.get(temporary));
    this.#prepared.delete(temporary);
  }

  keepPrevious(name: ZoneName): void {
    if (this.readPrevious(name) !== undefined) return;
    if (this.#masters.has(name)) this.#previous.set(name, this.#masters.get(name)?.text);
    else {
      // A second name, which needs no room.
      this.#files.dropPrevious(name);
      this.#files.keepPrevious(name);
      this.#previous.delete(name);
    }
  }

  dropPrevious(name: ZoneName): void {
    this.#previous.set(name, undefined);
  }

  remove(name: ZoneName): void {
    this.#masters.set(name, undefined);
  }

  /** Makes the files so, one a call of `next`, and records in the index how they were written. */
  *finish({ written }: ZoneIndex): Generator<void> {
    for (const [name, text] of this.#previous) {
      if (text === undefined) this.#files.dropPrevious(name);
      else if (this.#files.readPrevious(name)?.equals(text) !== true) this.#files.writePrevious(name, text);
      yield;
    }
    for (const [name, master] of this.#masters) {
      if (master === undefined) this.#files.remove(name);
      else {
        const stamp = this.#put(name, master);
        if (written.get(name) === master.stamp) written.set(name, stamp);
      }
      yield;
    }
  }

  #put(name: ZoneName, { text, stamp: { crc } }: Written): FileStamp {
    const there = this.#files.read(name)?.equals(text) === true ? this.#files.stat(name) : undefined;
    if (there !== undefined) return { ...there, crc };
    const { temporary, stamp } = this.#files.prepare(name, text);
    this.#files.place(temporary, name);
    return stamp;
  }
}
