import { rename } from 'node:fs/promises';
import { sentenceOf } from '../errors.js';
import type { Log } from '../operations/log.js';
import { validateZone } from './validation.js';
import type { ZoneFiles } from './zone-files.js';
import { ZoneIndex } from './zone-index.js';
import { zoneName, type ZoneName } from './zone-name.js';

/** The index in `file`; where it is missing or damaged, what the master files say, and `rebuilt`. */
export async function recoverIndex(
  file: string,
  files: ZoneFiles,
  log: Log,
): Promise<{ index: ZoneIndex; rebuilt: boolean }> {
  const snapshot = await ZoneIndex.read(file);
  if (snapshot instanceof ZoneIndex) return { index: snapshot, rebuilt: false };
  if (snapshot === 'damaged') {
    const aside = `${file}.damaged-${Date.now()}`;
    await rename(file, aside);
    log.error({ aside }, 'the zone index is damaged; it was set aside and is rebuilt from the zone files');
  }
  return { index: await indexFromFiles(files, log), rebuilt: true };
}

/** Owners are not in the files: all become the administrator's. */
async function indexFromFiles(files: ZoneFiles, log: Log): Promise<ZoneIndex> {
  const index = new ZoneIndex();
  for (const found of await files.names()) {
    try {
      const name = zoneName(found);
      const text = files.read(name);
      if (text === undefined) continue;
      const { serial, digest } = validateZone(name, text);
      index.entries.set(name, { name, serial, digest, owner: 'root', modified: Date.now() });
    } catch (error) {
      log.error({ zone: found, error: sentenceOf(error) }, 'a zone file cannot be taken into the index');
    }
  }
  if (index.entries.size > 0) log.warn({ zones: index.entries.size }, 'the zone index was rebuilt from the zone files');
  return index;
}

/**
 * Compares the folder with the index after a start: drops previous versions that nothing leads back to, says which files nobody
 * saved, and returns the zones whose file is missing.
 */
export async function compareWithFiles(files: ZoneFiles, index: ZoneIndex, log: Log): Promise<ZoneName[]> {
  for (const name of await files.previousNames()) {
    // Left behind where a crash came between two steps; a later version would find it in its way.
    if (index.unconfirmed.get(name) !== 'changed') files.dropPrevious(name);
  }
  const there = await files.names();
  const unknown = [...there].filter((name) => !index.entries.has(name));
  if (unknown.length > 0) {
    log.warn({ zones: unknown.slice(0, 20), count: unknown.length }, 'zone files that nobody saved by this program');
  }
  return [...index.entries.keys()].filter((name) => !there.has(name));
}
