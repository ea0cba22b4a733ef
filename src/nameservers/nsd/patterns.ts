import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { replaceFile } from '../../state/durable-file.js';
import type { ZoneFile } from '../controlled/zone-commands.js';
import { patternsText, readPatterns } from './configuration.js';

/** Of the names of our patterns. */
export const PREFIX = 'dns-cluster-';
const MODE = 0o644;

/**
 * The file that NSD's configuration includes: patterns that say where zones' master files lie. One pattern serves all
 * zones of a folder; where a file is not called as its zone (RFC 2317 names hold `/`), the zone has a pattern of its
 * own.
 */
export class Patterns {
  readonly #file: string;
  /** Name → the value of `zonefile`. */
  readonly #patterns = new Map<string, string>();
  #written: string | undefined;
  /** What NSD was last told to read. */
  #read: string | undefined;
  /** Patterns whose files NSD is not to find yet. */
  readonly #held = new Set<string>();
  /** Of zones that were added together; the highest that a pattern has. */
  #round = 0;

  constructor(file: string) {
    this.#file = file;
  }

  async open(): Promise<void> {
    const text = await readFile(this.#file, 'utf8').catch(() => '');
    for (const [name, zonefile] of readPatterns(text)) {
      this.#patterns.set(name, zonefile);
      this.#round = Math.max(this.#round, Number(/-(\d+)$/.exec(name)?.[1] ?? 0));
    }
  }

  /** Writes the file where it is missing or was changed by hand. Whether NSD has read it is not known any more. */
  async repair(): Promise<void> {
    this.#read = undefined;
    this.#written = await readFile(this.#file, 'utf8').catch(() => undefined);
    await this.#write();
  }

  /**
   * The names of the zones' patterns, in their order. The file is on disk, and `readByNsd` was called where needed,
   * when it resolves.
   */
  of(zones: readonly ZoneFile[], readByNsd: () => Promise<void>): Promise<string[]> {
    return this.#named(zones, '', readByNsd);
  }

  /** As `of`, by patterns that no other zone has, and whose files NSD finds after `release` only. */
  ofHeld(zones: readonly ZoneFile[], readByNsd: () => Promise<void>): Promise<string[]> {
    return this.#named(zones, `-${++this.#round}`, readByNsd);
  }

  /** Has NSD find no file of ours when it starts. On disk when it resolves. */
  async hold(): Promise<void> {
    for (const name of this.#patterns.keys()) this.#held.add(name);
    await this.#write();
  }

  get isHeld(): boolean {
    return this.#held.size > 0;
  }

  /** Lets NSD find the files; it reads none of them by itself. */
  async release(readByNsd: () => Promise<void>): Promise<void> {
    this.#held.clear();
    await this.#tell(readByNsd);
  }

  /**
   * The master file of a zone with this pattern; empty where the pattern is ours and nobody remembers it, nothing where
   * it is not ours.
   */
  fileOf(zone: string, pattern: string): string | undefined {
    if (!pattern.startsWith(PREFIX)) return undefined;
    return this.#patterns.get(pattern)?.replace(/%s$/, zone) ?? '';
  }

  async #named(zones: readonly ZoneFile[], round: string, readByNsd: () => Promise<void>): Promise<string[]> {
    const names = zones.map((zone) => {
      const zonefile = zonefileOf(zone);
      const name = PREFIX + createHash('sha256').update(zonefile).digest('hex').slice(0, 16) + round;
      this.#patterns.set(name, zonefile);
      if (round !== '') this.#held.add(name);
      return name;
    });
    await this.#tell(readByNsd);
    return names;
  }

  async #tell(readByNsd: () => Promise<void>): Promise<void> {
    await this.#write();
    if (this.#read !== this.#written) await readByNsd();
    this.#read = this.#written;
  }

  async #write(): Promise<void> {
    const absent = `${this.#file}.absent/%s`;
    const text = patternsText(
      Array.from(this.#patterns, ([name, zonefile]) => [name, this.#held.has(name) ? absent : zonefile] as const),
    );
    if (text === this.#written) return;
    await replaceFile(this.#file, text, MODE);
    this.#written = text;
  }
}

function zonefileOf({ name, file }: ZoneFile): string {
  return basename(file) === name ? join(dirname(file), '%s') : file;
}
