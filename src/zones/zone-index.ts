import { readFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { ifMissing } from '../errors.js';
import { defined } from '../operations/defined.js';
import { inSlices } from '../operations/in-slices.js';
import { dropTemporaries, replaceFile } from '../state/durable-file.js';
import { homeOf, homeValues, valuesOfHome, type ZoneHome } from './home.js';
import type { FileStamp } from './zone-files.js';
import type { ZoneName } from './zone-name.js';
import { ZonesInOrder } from './zones-in-order.js';

/** One version of a zone, as its serial tells it from those before and after. */
export interface ZoneVersion {
  name: ZoneName;
  serial: number;
}

/** What the index knows of a zone without reading its file. */
export interface ZoneEntry {
  name: ZoneName;
  serial: number;
  /** SHA-256 over the canonical form, lower-case hex. */
  digest: string;
  /** The account that the zone belongs to. */
  owner: string;
  /** Time of the last change, milliseconds since 1970. */
  modified: number;
  /** The server that it belongs to; absent where that was never said. */
  home?: ZoneHome;
}

/** The statement that a zone was removed; only this removes it at members. */
export interface Tombstone {
  /** The serial that it had: a zone of this name that is made again begins above it. */
  serial: number;
  /** Milliseconds since 1970. */
  removedAt: number;
  by: string;
  /** The account that it belonged to; absent in statements of before that was kept. */
  owner?: string;
  /**
   * Whose it was, where that server removed it: a version from before that comes from there again is one of an old
   * state. Where the zone is kept at the members: whose it is there.
   */
  home?: ZoneHome;
  /** It was removed on this server alone: members keep it. */
  isKept?: true;
}

/** A member that comes back after more than this may bring a removed zone back. */
const TOMBSTONE_LIFE = 400 * 24 * 3600 * 1000;
const MODE = 0o600;
/** Characters that are written at once. */
const PIECE = 64 * 1024;

const before = z.tuple([z.number(), z.string(), z.string(), z.number(), homeValues.optional()]);
const state = z.union([z.enum(['', 'new', 'found']), before]);
const stamp = z.tuple([z.number(), z.number(), z.number()]);
const zoneLine = z.tuple([
  z.string(),
  z.number(),
  z.string(),
  z.string(),
  z.number(),
  state,
  stamp.nullable().optional(),
  homeValues.optional(),
]);
const tombstoneLine = z.tuple([
  z.string(),
  z.number(),
  z.number(),
  z.string(),
  homeValues.nullable().optional(),
  z.string().nullable().optional(),
  z.literal('kept').optional(),
]);

/** The entry of the version before, where there was one. */
type Before = ZoneEntry | 'new' | 'found';
/** What a line of the snapshot is made of. */
type Indexed = readonly [entry: ZoneEntry, before: Before | undefined, stamp: FileStamp | undefined];

/** All zones by name, in memory, with a snapshot on disk (a line for each, closed by count and checksum). */
export class ZoneIndex {
  readonly #entries = new Map<ZoneName, ZoneEntry>();
  readonly #counts = new Map<string, number>();
  readonly #inOrder = new ZonesInOrder<ZoneEntry>();
  readonly tombstones = new Map<ZoneName, Tombstone>();
  /**
   * Zones whose present version no nameserver was yet seen serving, and the entry of the version before, where there
   * was one; `found` for a new zone whose file a person made.
   */
  readonly unconfirmed = new Map<ZoneName, Before>();
  /** The files as this program wrote them. */
  readonly written = new Map<ZoneName, FileStamp>();

  /**
   * The snapshot in `file`, undefined where there is none. Where it is not `whole`, the index has what its sound lines
   * say.
   */
  static async read(file: string): Promise<{ index: ZoneIndex; whole: boolean } | undefined> {
    await dropTemporaries(file);
    const octets = await readFile(file).catch(ifMissing(undefined));
    if (octets === undefined) return undefined;
    const index = new ZoneIndex();
    const end = octets.lastIndexOf(10, octets.length - 2) + 1;
    let whole = octets.toString('latin1', end) === closing(crc32(octets.subarray(0, end)));
    for (const text of octets.toString('utf8', 0, whole ? end : octets.length).split('\n')) {
      if (text !== '' && !index.#readLine(text)) whole = false;
    }
    return { index, whole };
  }

  get entries(): ReadonlyMap<ZoneName, ZoneEntry> {
    return this.#entries;
  }

  set(entry: ZoneEntry): void {
    this.#count(this.#entries.get(entry.name), -1);
    this.#entries.set(entry.name, entry);
    this.#count(entry, 1);
    this.#inOrder.set(entry);
  }

  delete(name: ZoneName): void {
    this.#count(this.#entries.get(name), -1);
    this.#entries.delete(name);
    this.#inOrder.delete(name);
  }

  /** The accounts that have zones here, or had one that was removed. */
  owners(): ReadonlySet<string> {
    const removed = [...this.tombstones.values()].map(({ owner, by }) => owner ?? by);
    return new Set([...this.#counts.keys(), ...removed]);
  }

  /** How many zones belong to this account. */
  countOf(owner: string): number {
    return this.#counts.get(owner) ?? 0;
  }

  /** All of them by name. */
  inOrder(): ZoneEntry[] {
    return this.#inOrder.all();
  }

  /** Writes anew whose each zone is, and was; returns for how many zones that changed something. */
  rehome(present: (home: ZoneHome) => ZoneHome): number {
    const changed = <K, T extends { home?: ZoneHome }>(map: ReadonlyMap<K, T | string>): [K, T][] =>
      [...map].flatMap(([name, of]): [K, T][] => {
        const home = typeof of === 'string' || of.home === undefined ? undefined : present(of.home);
        return typeof of === 'string' || home === undefined || home === of.home ? [] : [[name, { ...of, home }]];
      });
    for (const [name, tombstone] of changed<ZoneName, Tombstone>(this.tombstones)) this.tombstones.set(name, tombstone);
    for (const [name, entry] of changed<ZoneName, ZoneEntry>(this.unconfirmed)) this.unconfirmed.set(name, entry);
    const zones = changed<ZoneName, ZoneEntry>(this.#entries);
    for (const [, entry] of zones) this.set(entry);
    return zones.length;
  }

  /** The zones of which a previous version is kept. */
  previous(): ZoneName[] {
    return [...this.unconfirmed].flatMap(([name, previous]) => (typeof previous === 'string' ? [] : name));
  }

  /**
   * Replaces the snapshot as a whole, and then its copy beside it, which has owners and removals where somebody or a
   * disk damages the one. Tombstones that are too old are left out.
   */
  async write(file: string): Promise<void> {
    const oldest = Date.now() - TOMBSTONE_LIFE;
    for (const [name, { removedAt }] of this.tombstones) if (removedAt < oldest) this.tombstones.delete(name);
    // All of one moment, though others get their turn while the lines are made.
    const zones = [...this.entries.values()].map((entry): Indexed => {
      return [entry, this.unconfirmed.get(entry.name), this.written.get(entry.name)];
    });
    const pieces: Buffer[] = [];
    let text = '';
    let sum = 0;
    const cut = (): void => {
      const piece = Buffer.from(text);
      sum = crc32(piece, sum);
      pieces.push(piece);
      text = '';
    };
    await inSlices(linesOf(zones, [...this.tombstones]), (line) => {
      text += line;
      if (text.length > PIECE) cut();
    });
    cut();
    pieces.push(Buffer.from(closing(sum)));
    await replaceFile(file, pieces, MODE);
    await replaceFile(copyOf(file), pieces, MODE);
  }

  #count(entry: ZoneEntry | undefined, by: number): void {
    if (entry === undefined) return;
    const count = this.countOf(entry.owner) + by;
    if (count === 0) this.#counts.delete(entry.owner);
    else this.#counts.set(entry.owner, count);
  }

  /** False where it is not a line of a snapshot. */
  #readLine(text: string): boolean {
    const values = parseJson(text.slice(1));
    if (text.startsWith('t')) {
      const line = tombstoneLine.safeParse(values);
      if (!line.success) return false;
      const [name, serial, removedAt, by, home, owner, kept] = line.data;
      const of = { ...homeOf(home ?? undefined), ...defined({ owner: owner ?? undefined }) };
      this.tombstones.set(name as ZoneName, { serial, removedAt, by, ...of, ...(kept && { isKept: true }) });
      return true;
    }
    const line = zoneLine.safeParse(values);
    if (!line.success) return false;
    const [zone, serial, digest, owner, modified, previous, stamp, home] = line.data;
    const name = zone as ZoneName;
    this.set(entryOf(name, [serial, digest, owner, modified, home]));
    if (stamp !== undefined && stamp !== null)
      this.written.set(name, { mtime: stamp[0], size: stamp[1], crc: stamp[2] });
    if (previous === 'new' || previous === 'found') this.unconfirmed.set(name, previous);
    else if (previous !== '') this.unconfirmed.set(name, entryOf(name, previous));
    return true;
  }
}

function* linesOf(zones: readonly Indexed[], tombstones: readonly [ZoneName, Tombstone][]): Generator<string> {
  for (const [{ name, serial, digest, owner, modified, home }, previous = '', stamp] of zones) {
    const values: unknown[] = [name, serial, digest, owner, modified];
    values.push(typeof previous === 'string' ? previous : valuesOf(previous));
    values.push(stamp === undefined ? null : [stamp.mtime, stamp.size, stamp.crc]);
    if (home !== undefined) values.push(valuesOfHome(home));
    yield `z${JSON.stringify(values)}\n`;
  }
  for (const [name, { serial, removedAt, by, home, owner, isKept }] of tombstones) {
    const values: unknown[] = [name, serial, removedAt, by];
    if (home !== undefined || owner !== undefined) values.push(home === undefined ? null : valuesOfHome(home));
    if (owner !== undefined) values.push(owner);
    if (isKept === true) values.push(...(owner === undefined ? [null] : []), 'kept');
    yield `t${JSON.stringify(values)}\n`;
  }
}

/** Where the copy of a snapshot lies. */
export function copyOf(file: string): string {
  return `${file}.bak`;
}

function valuesOf({ serial, digest, owner, modified, home }: ZoneEntry): z.infer<typeof before> {
  if (home === undefined) return [serial, digest, owner, modified];
  return [serial, digest, owner, modified, valuesOfHome(home)];
}

function entryOf(name: ZoneName, [serial, digest, owner, modified, home]: z.infer<typeof before>): ZoneEntry {
  return { name, serial, digest, owner, modified, ...homeOf(home) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function closing(sum: number): string {
  return `end ${sum}\n`;
}
