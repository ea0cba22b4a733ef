import { readFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { dropTemporaries, replaceFile } from '../state/durable-file.js';
import type { ZoneName } from './zone-name.js';

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
}

/** The statement that a zone was removed; only this removes it at members. */
export interface Tombstone {
  /** The serial that it had: a zone of this name that is made again begins above it. */
  serial: number;
  /** Milliseconds since 1970. */
  removedAt: number;
  by: string;
}

/** A member that comes back after more than this may bring a removed zone back. */
const TOMBSTONE_LIFE = 400 * 24 * 3600 * 1000;
const MODE = 0o600;

export type Unconfirmed = 'new' | 'changed';

const zoneLine = z.tuple([z.string(), z.number(), z.string(), z.string(), z.number(), z.enum(['', 'new', 'changed'])]);
const tombstoneLine = z.tuple([z.string(), z.number(), z.number(), z.string()]);

/** All zones by name, in memory, with a snapshot on disk (a line for each, closed by count and checksum). */
export class ZoneIndex {
  readonly entries = new Map<ZoneName, ZoneEntry>();
  readonly tombstones = new Map<ZoneName, Tombstone>();
  /** Zones whose present version no nameserver was yet seen serving: there was none before, or another one. */
  readonly unconfirmed = new Map<ZoneName, Unconfirmed>();

  /** The snapshot in `file`; undefined where there is none, and `damaged` where it is not whole. */
  static async read(file: string): Promise<ZoneIndex | 'damaged' | undefined> {
    await dropTemporaries(file);
    const octets = await readFile(file).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    });
    if (octets === undefined) return undefined;
    const end = octets.lastIndexOf(10, octets.length - 2) + 1;
    if (octets.toString('latin1', end) !== closing(octets.subarray(0, end))) return 'damaged';
    const index = new ZoneIndex();
    for (const text of octets.toString('utf8', 0, Math.max(0, end - 1)).split('\n')) {
      if (text !== '') index.#readLine(text);
    }
    return index;
  }

  /** Replaces the snapshot as a whole; tombstones that are too old are left out. */
  async write(file: string): Promise<void> {
    const oldest = Date.now() - TOMBSTONE_LIFE;
    const lines: string[] = [];
    for (const { name, serial, digest, owner, modified } of this.entries.values()) {
      lines.push(`z${JSON.stringify([name, serial, digest, owner, modified, this.unconfirmed.get(name) ?? ''])}\n`);
    }
    for (const [name, { serial, removedAt, by }] of this.tombstones) {
      if (removedAt >= oldest) lines.push(`t${JSON.stringify([name, serial, removedAt, by])}\n`);
      else this.tombstones.delete(name);
    }
    const body = Buffer.from(lines.join(''));
    await replaceFile(file, Buffer.concat([body, Buffer.from(closing(body))]), MODE);
  }

  #readLine(text: string): void {
    const values: unknown = JSON.parse(text.slice(1));
    if (text.startsWith('z')) {
      const [name, serial, digest, owner, modified, unconfirmed] = zoneLine.parse(values);
      const zone = name as ZoneName;
      this.entries.set(zone, { name: zone, serial, digest, owner, modified });
      if (unconfirmed !== '') this.unconfirmed.set(zone, unconfirmed);
    } else {
      const [name, serial, removedAt, by] = tombstoneLine.parse(values);
      this.tombstones.set(name as ZoneName, { serial, removedAt, by });
    }
  }
}

function closing(body: Buffer): string {
  return `end ${crc32(body)}\n`;
}
