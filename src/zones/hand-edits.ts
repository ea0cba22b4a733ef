import { crc32 } from 'node:zlib';
import { sentenceOf } from '../errors.js';
import type { Log } from '../operations/log.js';
import { inSlices, slices } from '../operations/in-slices.js';
import { validateZone } from './validation.js';
import type { RecentTexts } from './recent-texts.js';
import { isSame, type ListedFile, type ZoneFiles } from './zone-files.js';
import type { ZoneIndex } from './zone-index.js';
import { isNameOfFile, type ZoneName } from './zone-name.js';

/** What lies among the master files and is not as this program wrote it. */
export interface FilesFound {
  /** Sound, with other records than the zone has. */
  changed: ZoneName[];
  /** Sound, of zones that nobody saved. */
  added: ZoneName[];
  /** Cannot be the zone's text; the reason names line and column. */
  broken: { zone: ZoneName; why: string }[];
  /** The file of a zone is gone without a removal: damage, that removes nothing. */
  missing: ZoneName[];
  /** Sound, but the zone was removed by a command. */
  removed: ZoneName[];
  /** Paths of files that lie where no zone's file belongs. */
  strange: string[];
  /** Zones whose file has the records that it should have, also where it is spelled otherwise. */
  unchanged: number;
}

const MOST_NAMED = 20;
const OTHER_NAME =
  'servers take its name, which ends in ".db", for the name of a file, and so for another zone; remove its file';
const MISSING = 'files of zones are missing; no command removed them, so the zones are kept everywhere else';

/**
 * Tells the files that a person changed from those that the store wrote: by time and size, and where these differ by
 * content. An edit that changes neither, within one tick of the file system's clock, is found where every file is read.
 */
export class HandEdits {
  readonly #files: ZoneFiles;
  readonly #index: ZoneIndex;
  readonly #recent: RecentTexts;
  readonly #log: Log;
  readonly #broken = new Map<ZoneName, string>();
  readonly #missing = new Set<ZoneName>();
  #last: FilesFound | undefined;
  /** Where the round of `lookForMissing` is. */
  #round: Iterator<ZoneName> | undefined;

  constructor(files: ZoneFiles, index: ZoneIndex, recent: RecentTexts, log: Log) {
    this.#files = files;
    this.#recent = recent;
    this.#index = index;
    this.#log = log;
  }

  /** The result of the last scan, when the store was opened or later. */
  get last(): FilesFound | undefined {
    return this.#last;
  }

  /** Files that are not taken, and why. */
  broken(): { zone: ZoneName; why: string }[] {
    return [...this.#broken].map(([zone, why]) => ({ zone, why }));
  }

  /** Everything that needs attention. */
  damaged(): { zone: ZoneName; why: string }[] {
    return [...this.missing().map((zone) => ({ zone, why: 'its file is missing' })), ...this.broken()];
  }

  isBroken(name: ZoneName): boolean {
    return this.#broken.has(name);
  }

  /** Zones whose file is gone without a removal. */
  missing(): ZoneName[] {
    return [...this.#missing].filter((name) => this.#index.entries.has(name));
  }

  /**
   * The zone's text where it is the version that the index has; undefined where its file is missing, unreadable or
   * changed by hand.
   */
  version(name: ZoneName): Buffer | undefined {
    const entry = this.#index.entries.get(name);
    if (entry === undefined) return undefined;
    try {
      const text = this.#recent.read(name);
      if (text === undefined || this.#index.written.get(name)?.crc === crc32(text)) return text;
      return validateZone(name, text).digest === entry.digest ? text : undefined;
    } catch {
      return undefined;
    }
  }

  /** What a person wrote into the zone's file; undefined where nobody did. */
  text(name: ZoneName): Buffer | undefined {
    const text = this.#files.read(name);
    return text !== undefined && this.#index.written.get(name)?.crc === crc32(text) ? undefined : text;
  }

  /** The store wrote or removed this zone: nothing is wrong with its file any more. */
  clear(name: ZoneName): void {
    this.#broken.delete(name);
    this.#missing.delete(name);
  }

  recordBroken(name: ZoneName, why: string): void {
    this.#broken.set(name, why);
    this.#log.error({ zone: name, why }, 'the file of a zone is not taken, and stays as it is');
  }

  recordMissing(name: ZoneName): void {
    if (this.#missing.has(name)) return;
    this.#missing.add(name);
    this.#log.error({ zones: [name], count: 1 }, MISSING);
  }

  /**
   * Checks whether the next `most` zones have their files, in turn: a folder that was emptied is known within a
   * minute, and a single file that is gone within a round.
   */
  async scanForMissing(most: number): Promise<void> {
    const found: ZoneName[] = [];
    await inSlices(this.#nextInRound(Math.min(most, this.#index.entries.size)), (name) => {
      if (this.#files.stat(name) !== undefined) this.#missing.delete(name);
      else if (!this.#missing.has(name)) {
        this.#missing.add(name);
        found.push(name);
      }
    });
    if (found.length > 0) this.#log.error({ zones: found.slice(0, MOST_NAMED), count: found.length }, MISSING);
  }

  *#nextInRound(most: number): Generator<ZoneName> {
    for (let left = most; left > 0; left--) {
      let next = this.#round?.next();
      if (next?.done !== false) {
        this.#round = this.#index.entries.keys();
        next = this.#round.next();
      }
      if (next.done === true) return;
      yield next.value;
    }
  }

  /** Scans all files; reads those whose time or size changed, or with `every` all. Changes nothing. */
  async scan({ every }: { every: boolean }): Promise<FilesFound> {
    const found: FilesFound = {
      changed: [],
      added: [],
      broken: [],
      missing: [],
      removed: [],
      strange: [],
      unchanged: 0,
    };
    const there = new Set<ZoneName>();
    this.#broken.clear();
    const turn = slices();
    for await (const file of this.#files.list()) {
      await turn();
      if (!file.inPlace) {
        found.strange.push(file.path);
        if (isNameOfFile(file.name)) this.recordBroken(file.name, OTHER_NAME);
        continue;
      }
      there.add(file.name);
      try {
        this.#scanFile(file, every, found);
      } catch (error) {
        found.broken.push({ zone: file.name, why: sentenceOf(error) });
        this.recordBroken(file.name, sentenceOf(error));
      }
    }
    await inSlices(this.#index.entries.keys(), (name) => {
      // A zone that came while the folders were read is there.
      if (there.has(name) || this.#files.stat(name) !== undefined) this.#missing.delete(name);
      else {
        found.missing.push(name);
        this.recordMissing(name);
      }
    });
    this.#report(found);
    this.#last = found;
    return found;
  }

  #scanFile({ name }: ListedFile, every: boolean, found: FilesFound): void {
    const entry = this.#index.entries.get(name);
    const written = this.#index.written.get(name);
    const stat = this.#files.stat(name);
    // Removed since the folder was read.
    if (stat === undefined) return;
    if (entry !== undefined && !every && isSame(written, stat)) {
      found.unchanged++;
      return;
    }
    const text = this.#files.read(name);
    if (text === undefined) return;
    const crc = crc32(text);
    const isOurs = entry !== undefined && (written?.crc === crc || validateZone(name, text).digest === entry.digest);
    if (isOurs) {
      this.#index.written.set(name, { ...stat, crc });
      found.unchanged++;
    } else if (entry !== undefined) found.changed.push(name);
    else {
      validateZone(name, text);
      found[this.#index.tombstones.has(name) ? 'removed' : 'added'].push(name);
    }
  }

  #report({ changed, added, removed, strange }: FilesFound): void {
    const say = (zones: readonly string[], sentence: string): void => {
      if (zones.length > 0) this.#log.warn({ zones: zones.slice(0, MOST_NAMED), count: zones.length }, sentence);
    };
    say(changed, 'zone files that were changed by hand');
    say(added, 'zone files that nobody saved by this program');
    say(removed, 'zone files of zones that were removed by a command');
    say(strange, 'files where no zone file belongs');
  }
}
