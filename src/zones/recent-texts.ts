import { LRUCache } from 'lru-cache';
import { isSame, type FileStamp, type ZoneFiles } from './zone-files.js';
import type { ZoneName } from './zone-name.js';

/** As much as the largest zone. */
const OCTETS = 16 * 1024 * 1024;
/** What one takes besides its octets. */
const OVERHEAD = 300;

interface Recent {
  text: Buffer;
  stamp: Omit<FileStamp, 'crc'>;
}

/**
 * The texts of master files that were read or written last: a save looks at the text that it replaces several times,
 * and what it wrote is sent to each member right after. Whether a file is still the one is asked each time, by time and
 * size, as HandEdits does.
 */
export class RecentTexts {
  readonly #files: ZoneFiles;
  readonly #texts = new LRUCache<ZoneName, Recent>({
    maxSize: OCTETS + OVERHEAD,
    sizeCalculation: ({ text }) => text.length + OVERHEAD,
  });

  constructor(files: ZoneFiles) {
    this.#files = files;
  }

  /** The master file's text as it stands; undefined where it is missing. Nobody writes into it. */
  read(name: ZoneName): Buffer | undefined {
    const recent = this.#texts.get(name);
    if (recent !== undefined && isSame(recent.stamp, this.#files.stat(name))) return recent.text;
    const found = this.#files.readStamped(name);
    if (found === undefined) this.#texts.delete(name);
    else this.#texts.set(name, found);
    return found?.text;
  }

  /** This was written into the master file, which then had this stamp. */
  written(name: ZoneName, text: Buffer, stamp: FileStamp): void {
    // A copy: the text may be a piece of a large request, or the caller's, who may write into it.
    this.#texts.set(name, { text: Buffer.from(text), stamp });
  }
}
