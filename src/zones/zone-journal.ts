import { open, readdir, readFile, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { syncFolder } from '../state/durable-file.js';
import type { ZoneEntry } from './zone-index.js';
import type { Tombstone } from './zone-index.js';
import type { ZoneName } from './zone-name.js';

/** One step of the store, as the journal keeps it. */
export type JournalStep =
  | { kind: 'write'; entry: ZoneEntry; text: Buffer }
  | { kind: 'remove'; name: ZoneName; tombstone: Tombstone }
  /** A new zone that the nameserver refused: it is as if it had never come. */
  | { kind: 'withdraw'; name: ZoneName }
  | { kind: 'confirm'; names: readonly ZoneName[] };

/** Length and checksum before each step. */
const FRAME = 8;
const MODE = 0o600;
const LARGEST_STEP = 64 * 1024 * 1024;

/**
 * The write-ahead journal: every step is appended and synced before a master file is touched, so one fsync makes a whole batch safe
 * (measured: 15 MB cost less than 300 files synced singly). Files `journal.N`, N rising; a checkpoint begins a new one
 * and drops those before.
 */
export class ZoneJournal {
  readonly #folder: string;
  #generation: number;
  #handle: FileHandle;
  #size = 0;
  /** The end may hold half a step, behind which nothing is read: what follows must go into another file. */
  #torn = false;

  private constructor(folder: string, generation: number, handle: FileHandle) {
    this.#folder = folder;
    this.#generation = generation;
    this.#handle = handle;
  }

  /** Begins a new generation behind those that are there; read those first, with `replay`. */
  static async open(folder: string): Promise<ZoneJournal> {
    const generation = Math.max(0, ...(await generations(folder))) + 1;
    const handle = await open(fileOf(folder, generation), 'a', MODE);
    await syncFolder(folder);
    return new ZoneJournal(folder, generation, handle);
  }

  /** Every step that was written whole, oldest first. A torn tail was never acknowledged. */
  static async *replay(folder: string): AsyncGenerator<JournalStep> {
    for (const generation of await generations(folder)) {
      const octets = await readFile(fileOf(folder, generation));
      for (let at = 0; at + FRAME <= octets.length;) {
        const length = octets.readUInt32LE(at);
        const payload = octets.subarray(at + FRAME, at + FRAME + length);
        if (payload.length < length || length > LARGEST_STEP || crc32(payload) !== octets.readUInt32LE(at + 4)) break;
        yield decode(payload);
        at += FRAME + length;
      }
    }
  }

  /** Octets in this generation. */
  get size(): number {
    return this.#size;
  }

  get generation(): number {
    return this.#generation;
  }

  /** Appends the steps; durable when it resolves. Where the disk refuses, nothing of them remains. */
  async append(steps: readonly JournalStep[], durable = true): Promise<void> {
    const octets = Buffer.concat(steps.flatMap(encode));
    if (this.#torn) await this.turn();
    this.#torn = true;
    try {
      await this.#handle.appendFile(octets);
      if (durable) await this.#handle.datasync();
      this.#size += octets.length;
      this.#torn = false;
    } catch (error) {
      // Where this fails, too, the next append begins a new file.
      const cut = this.#handle.truncate(this.#size).then(() => this.#handle.datasync());
      await cut.then(
        () => (this.#torn = false),
        () => undefined,
      );
      throw error;
    }
  }

  /** Begins the next generation; what is appended from now on goes there. */
  async turn(): Promise<void> {
    const next = await open(fileOf(this.#folder, this.#generation + 1), 'a', MODE);
    await syncFolder(this.#folder);
    await this.#handle.close();
    this.#handle = next;
    this.#generation++;
    this.#size = 0;
    this.#torn = false;
  }

  /** Drops the generations before the present one: their steps are in the files and the index. */
  async dropBefore(generation: number): Promise<void> {
    for (const old of await generations(this.#folder)) {
      if (old < generation) await rm(fileOf(this.#folder, old), { force: true });
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

function fileOf(folder: string, generation: number): string {
  return join(folder, `journal.${generation}`);
}

async function generations(folder: string): Promise<number[]> {
  const files = await readdir(folder);
  const numbers = files.map((file) => Number(/^journal\.([0-9]+)$/.exec(file)?.[1] ?? NaN));
  return numbers.filter((number) => !Number.isNaN(number)).sort((a, b) => a - b);
}

function encode(step: JournalStep): Buffer[] {
  const { text, ...head } = step.kind === 'write' ? step : { ...step, text: undefined };
  const json = Buffer.from(`${JSON.stringify(head)}\n`);
  const payload = text === undefined ? json : Buffer.concat([json, text]);
  const frame = Buffer.alloc(FRAME);
  frame.writeUInt32LE(payload.length, 0);
  frame.writeUInt32LE(crc32(payload), 4);
  return [frame, payload];
}

function decode(payload: Buffer): JournalStep {
  const end = payload.indexOf(10);
  const head = JSON.parse(payload.toString('utf8', 0, end)) as JournalStep;
  // The text is copied out of the journal's buffer, which is much larger.
  return head.kind === 'write' ? { ...head, text: Buffer.from(payload.subarray(end + 1)) } : head;
}
