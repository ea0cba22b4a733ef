import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseName } from '../../dns/name.js';
import { printZone } from '../../dns/zone-text/printer.js';
import { replaceFile } from '../../state/durable-file.js';
import type { ZoneName } from '../../zones/zone-name.js';
import { soundRecords } from './zone-file.js';
import type { Upsert } from './zone-commands.js';

/** The server may run as another user. */
const FILE_MODE = 0o644;
const FOLDER_MODE = 0o755;

/**
 * Master files of zones whose text a server does not read as it is meant, written out for it: absolute names, a TTL in
 * each line, no directives. Some servers know no `$GENERATE`, no relative `$ORIGIN` or no CR LF, or take relative names
 * in rare records for absolute. The store's file stays the truth.
 */
export class PlainFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  fileOf(name: ZoneName): string {
    return join(this.#folder, name.replaceAll('/', '+'));
  }

  /** The change with the file written out. Rejects where the text can't be read, or with zone_invalid. */
  async write(change: Upsert): Promise<Upsert> {
    const { name } = change;
    const zone = { origin: parseName(`${name}.`), records: [...(await soundRecords(change))], warnings: [] };
    await mkdir(this.#folder, { recursive: true, mode: FOLDER_MODE });
    const file = this.fileOf(name);
    await replaceFile(file, Buffer.from(printZone(zone), 'latin1'), FILE_MODE);
    return { ...change, file };
  }

  async drop(name: ZoneName): Promise<void> {
    await rm(this.fileOf(name), { force: true });
  }
}
