import { link, open, readdir, readFile, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Log } from '../../operations/log.js';
import { syncFolder } from '../../state/durable-file.js';
import type { FileStamp } from '../zone-files.js';
import type { Tombstone, ZoneEntry } from '../zone-index.js';
import type { ZoneName } from '../zone-name.js';

/** One step of the store, as the journal keeps it. */
export type JournalStep =
  | {
      kind: 'write';
      entry: ZoneEntry;
      text: Buffer;
      /** The text comes from the zone's own file, which a person made or changed. */
      found?: true;
      /** The file that holds the text; known when it was prepared. */
      stamp?: FileStamp;
    }
  | { kind: 'remove'; name: ZoneName; tombstone: Tombstone }
  /** A new zone that the nameserver refused: it is as if it had never come. */
  | { kind: 'withdraw'; name: ZoneName }
  /**
   * The file stays, and is no version of the zone: that is as this entry says (or not there), and its text is not
   * known.
   */
  | { kind: 'disown'; name: ZoneName; entry?: ZoneEntry }
  /** These zones belong to this account from now on. */
  | { kind: 'own'; names: readonly ZoneName[]; owner: string }
  | { kind: 'confirm'; names: readonly ZoneName[] };

/** Steps of a journal that can't be read; the file lies aside. */
export interface JournalDamage {
  aside: string;
  steps: number;
}

/** The zones that a step is about. */
export function namesOf(step: JournalStep): readonly ZoneName[] {
  if ('names' in step) return step.names;
  return [step.kind === 'write' ? step.entry.name : step.name];
}

/** Length and checksum before each step. */
const FRAME = 8;
/** Each step begins so. */
const HEAD = '{"kind":';
const MODE = 0o600;
const LARGEST_STEP = 64 * 1024 * 1024;

/**
 * The write-ahead journal: every step is appended and synced before a master file is touched, so one fsync makes a
 * whole batch safe (measured: 15 MB cost less than 300 files synced singly). Files `journal.N`, N rising; a checkpoint
 * begins a new one and drops those before.
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

  /**
   * Every sound step, oldest first. A torn tail was never acknowledged, and is dropped. What is damaged is skipped,
   * because what follows it was acknowledged, too; the journal is then kept aside, and `isDamaged` is told. Without
   * `log` nothing is said or kept.
   */
  static async *replay(
    folder: string,
    log?: Log,
    isDamaged: (damage: JournalDamage) => void = () => undefined,
  ): AsyncGenerator<JournalStep> {
    for (const generation of await generations(folder)) {
      const file = fileOf(folder, generation);
      const octets = await readFile(file);
      let damaged = 0;
      for (let at = 0; at < octets.length;) {
        const end = endOfStep(octets, at);
        const step = end === undefined ? undefined : decode(octets, at, end);
        if (step !== undefined) yield step;
        const next = step === undefined ? nextStep(octets, at + 1) : end;
        if (step === undefined && (end !== undefined || next !== undefined)) damaged++;
        else if (step === undefined)
          log?.warn(
            { file, octets: octets.length - at },
            'the end of a zone journal is torn; it was never acknowledged',
          );
        at = next ?? octets.length;
      }
      if (damaged === 0 || log === undefined) continue;
      const aside = `${file}.damaged-${Date.now()}`;
      await link(file, aside);
      log.error({ aside, steps: damaged }, 'a zone journal is damaged; it was set aside, and its sound steps are kept');
      isDamaged({ aside, steps: damaged });
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
  const { kind, text, ...rest } = step.kind === 'write' ? step : { ...step, text: undefined };
  const json = Buffer.from(`${JSON.stringify({ kind, ...rest })}\n`);
  const payload = text === undefined ? json : Buffer.concat([json, text]);
  const frame = Buffer.alloc(FRAME);
  frame.writeUInt32LE(payload.length, 0);
  frame.writeUInt32LE(crc32(payload), 4);
  return [frame, payload];
}

/**
 * Where the step at `at` ends; undefined where it was cut off, or is the nothing that a power cut leaves in place of
 * octets.
 */
function endOfStep(octets: Buffer, at: number): number | undefined {
  if (at + FRAME > octets.length) return undefined;
  const length = octets.readUInt32LE(at);
  const end = at + FRAME + length;
  return length === 0 || length > LARGEST_STEP || end > octets.length ? undefined : end;
}

/** The next sound step behind a damaged one, whose own length may be what is damaged; undefined where there is none. */
function nextStep(octets: Buffer, from: number): number | undefined {
  for (let at = octets.indexOf(HEAD, from + FRAME); at !== -1; at = octets.indexOf(HEAD, at + 1)) {
    const end = endOfStep(octets, at - FRAME);
    if (end !== undefined && decode(octets, at - FRAME, end) !== undefined) return at - FRAME;
  }
  return undefined;
}

/** Undefined where the checksum is wrong. */
function decode(octets: Buffer, at: number, end: number): JournalStep | undefined {
  const payload = octets.subarray(at + FRAME, end);
  if (crc32(payload) !== octets.readUInt32LE(at + 4)) return undefined;
  const newline = payload.indexOf(10);
  const head = JSON.parse(payload.toString('utf8', 0, newline)) as JournalStep;
  // The text is copied out of the journal's buffer, which is much larger.
  return head.kind === 'write' ? { ...head, text: Buffer.from(payload.subarray(newline + 1)) } : head;
}
