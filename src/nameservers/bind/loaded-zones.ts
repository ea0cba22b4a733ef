import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Log } from '../../operations/log.js';
import { AppendTable } from '../../state/append-table.js';
import { replaceFile } from '../../state/durable-file.js';
import type { ZoneName } from '../../zones/zone-name.js';
import { includedZones, includeText } from './bind-config.js';

const loaded = z.object({
  /** Where named finds the zone when it starts: our include file, or its own database of zones added by `addzone`. */
  place: z.enum(['included', 'added']),
  /** The master file that named was told. */
  file: z.string(),
});

export type LoadedZone = z.infer<typeof loaded>;

/** named runs as another user and reads this file; it holds names and paths only. */
const INCLUDE_MODE = 0o644;

/**
 * What named was told to serve, and the include file that says so. A zone that is both in a configuration file and in named's
 * database of added zones keeps named from starting, so this table is on disk before named is told, and the include file is
 * always written from it: a crash between any two steps leaves a zone in one place or in none, never in both.
 */
export class LoadedZones {
  readonly #table: AppendTable<LoadedZone>;
  readonly #includeFile: string;
  /** Zones that the include file on disk holds; undefined where it is missing. */
  #onDisk: Set<string> | undefined;

  private constructor(table: AppendTable<LoadedZone>, includeFile: string) {
    this.#table = table;
    this.#includeFile = includeFile;
  }

  static async open(file: string, includeFile: string, log: Log): Promise<LoadedZones> {
    const table = await AppendTable.open(file, { parse: (value) => loaded.parse(value), log });
    const zones = new LoadedZones(table, includeFile);
    await zones.repair();
    return zones;
  }

  get size(): number {
    return this.#table.size;
  }

  get(name: ZoneName): LoadedZone | undefined {
    return this.#table.get(name);
  }

  /** The caller may change the table between two steps. */
  names(): ZoneName[] {
    return Array.from(this.#table.entries(), ([name]) => name as ZoneName);
  }

  /**
   * Brings table and include file together after a crash, or after somebody touched the file. Zones that only the file holds
   * are taken into the table: named may be serving them, so they must be removable.
   */
  async repair(): Promise<void> {
    const text = await readFile(this.#includeFile, 'utf8').catch(() => undefined);
    const found = new Map(includedZones(text ?? ''));
    this.#onDisk = text === undefined ? undefined : new Set(found.keys());
    for (const [name, file] of found) if (!this.#table.has(name)) this.#table.set(name, { place: 'included', file });
    await this.#table.flush();
    if (text !== this.#text()) await this.#writeInclude();
  }

  /** To be called before `addzone`. On disk when it resolves; the include file no longer holds them. */
  async added(zones: readonly { name: ZoneName; file: string }[]): Promise<void> {
    await this.#table.setMany(zones.map(({ name, file }) => [name, { place: 'added', file }]));
    await this.#table.flush();
    if (zones.some(({ name }) => this.#onDisk?.has(name) === true)) await this.#writeInclude();
  }

  /** To be called before `reconfig`, for zones that are not in named's own database. On disk when it resolves. */
  async included(zones: readonly { name: ZoneName; file: string }[]): Promise<void> {
    await this.#table.setMany(zones.map(({ name, file }) => [name, { place: 'included', file }]));
    await this.#table.flush();
    await this.#writeInclude();
  }

  /** To be called after `delzone`. On disk when it resolves. */
  async removed(names: readonly ZoneName[]): Promise<void> {
    for (const name of names) this.#table.delete(name);
    await this.#table.flush();
    if (names.some((name) => this.#onDisk?.has(name) === true)) await this.#writeInclude();
  }

  /** Puts all zones into the include file; named must not run, and its database of added zones is to be deleted. */
  async includeAll(): Promise<void> {
    await this.included(Array.from(this.#table.entries(), ([name, { file }]) => ({ name: name as ZoneName, file })));
  }

  close(): Promise<void> {
    return this.#table.close();
  }

  #text(): string {
    return includeText(this.#included());
  }

  *#included(): Generator<[string, string]> {
    for (const [name, { place, file }] of this.#table.entries()) if (place === 'included') yield [name, file];
  }

  async #writeInclude(): Promise<void> {
    await replaceFile(this.#includeFile, this.#text(), INCLUDE_MODE);
    this.#onDisk = new Set(Array.from(this.#included(), ([name]) => name));
  }
}
