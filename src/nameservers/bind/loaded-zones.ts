import { z } from 'zod';
import type { Log } from '../../operations/log.js';
import { AppendTable } from '../../state/append-table.js';
import type { ZoneName } from '../../zones/zone-name.js';
import { IncludeFile } from '../controlled/include-file.js';
import type { ZoneFile } from '../controlled/zone-commands.js';
import { ZONE_STATEMENTS } from './configuration.js';

const loadedZone = z.object({
  /** Where named finds the zone when it starts: our include file, or its own database of zones added by `addzone`. */
  place: z.enum(['included', 'added']),
  /** The master file that named was told. */
  file: z.string(),
});

type LoadedZone = z.infer<typeof loadedZone>;

/**
 * What named was told to serve, and the include file that says so. A zone that is both in a configuration file and in
 * named's database of added zones keeps named from starting, so this table is on disk before named is told, and the
 * include file is always written from it: a crash between any two steps leaves a zone in one place or in none, never in
 * both.
 */
export class LoadedZones {
  readonly #table: AppendTable<LoadedZone>;
  readonly #include: IncludeFile;

  private constructor(table: AppendTable<LoadedZone>, include: IncludeFile) {
    this.#table = table;
    this.#include = include;
  }

  static async open(file: string, includeFile: string, log: Log): Promise<LoadedZones> {
    const table = await AppendTable.open(file, { parse: (value) => loadedZone.parse(value), log });
    const include = new IncludeFile(includeFile, ZONE_STATEMENTS);
    for (const [name, loaded] of table.entries()) if (loaded.place === 'included') include.set(name, loaded.file);
    const zones = new LoadedZones(table, include);
    await zones.repair();
    return zones;
  }

  get size(): number {
    return this.#table.size;
  }

  get(name: ZoneName): ZoneFile | undefined {
    const loaded = this.#table.get(name);
    return loaded === undefined ? undefined : { name, file: loaded.file };
  }

  list(): ZoneFile[] {
    return Array.from(this.#table.entries(), ([name, { file }]) => ({ name: name as ZoneName, file }));
  }

  /**
   * Brings table and include file together after a crash, or after somebody touched the file. Zones that only the file
   * holds are taken into the table: named may be serving them, so they must be removable.
   */
  async repair(): Promise<void> {
    for (const [name, file] of await this.#include.compare()) {
      if (this.#table.has(name)) continue;
      this.#table.set(name, { place: 'included', file });
      this.#include.set(name, file);
    }
    await this.#table.flush();
    await this.#include.write();
  }

  /** To be called before `addzone`. On disk when it resolves; the include file no longer holds them. */
  async added(zones: readonly ZoneFile[]): Promise<void> {
    for (const { name } of zones) this.#include.delete(name);
    await this.#place(zones, 'added');
  }

  /** To be called before `reconfig`, for zones that are not in named's own database. On disk when it resolves. */
  async included(zones: readonly ZoneFile[]): Promise<void> {
    for (const { name, file } of zones) this.#include.set(name, file);
    await this.#place(zones, 'included');
  }

  /** To be called after `delzone`. On disk when it resolves. */
  async removed(names: readonly ZoneName[]): Promise<void> {
    for (const name of names) {
      this.#table.delete(name);
      this.#include.delete(name);
    }
    await this.#table.flush();
    await this.#include.write();
  }

  close(): Promise<void> {
    return this.#table.close();
  }

  async #place(zones: readonly ZoneFile[], place: LoadedZone['place']): Promise<void> {
    await this.#table.setMany(zones.map(({ name, file }) => [name, { place, file }]));
    await this.#table.flush();
    await this.#include.write();
  }
}
