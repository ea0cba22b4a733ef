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
  if (snapshot?.whole === true) return { index: snapshot.index, rebuilt: false };
  if (snapshot !== undefined) {
    const aside = `${file}.damaged-${Date.now()}`;
    await rename(file, aside);
    log.error({ aside }, 'the zone index is damaged; it was set aside and is rebuilt from the zone files');
  }
  return { index: await indexFromFiles(files, snapshot?.index ?? new ZoneIndex(), log), rebuilt: true };
}

/**
 * Owners, times and removals are not in the files: they are taken from what is `known` of a damaged index, where it speaks of the
 * very text that is there. All other zones become the administrator's.
 */
async function indexFromFiles(files: ZoneFiles, known: ZoneIndex, log: Log): Promise<ZoneIndex> {
  const index = new ZoneIndex();
  for (const found of await files.names()) {
    try {
      const name = zoneName(found);
      const text = files.read(name);
      if (text === undefined) continue;
      const { serial, digest } = validateZone(name, text);
      const held = known.entries.get(name);
      const sound = held?.digest === digest;
      index.entries.set(name, sound ? held : { name, serial, digest, owner: 'root', modified: Date.now() });
      const previous = known.unconfirmed.get(name);
      if (sound && previous !== undefined) index.unconfirmed.set(name, previous);
    } catch (error) {
      log.error({ zone: found, error: sentenceOf(error) }, 'a zone file cannot be taken into the index');
    }
  }
  for (const [name, tombstone] of known.tombstones) index.tombstones.set(name, tombstone);
  if (index.entries.size > 0) log.warn({ zones: index.entries.size }, 'the zone index was rebuilt from the zone files');
  return index;
}

/**
 * Compares the folder with the index after a start: drops previous versions that nothing leads back to, says which files nobody
 * saved, and returns the zones whose file is missing.
 */
export async function compareWithFiles(files: ZoneFiles, index: ZoneIndex, log: Log): Promise<ZoneName[]> {
  const previous = new Set(index.previous());
  for (const name of await files.previousNames()) {
    // Left behind where a crash came between two steps; a later version would find it in its way.
    if (!previous.has(name)) files.dropPrevious(name);
  }
  const there = await files.names();
  const unknown = [...there].filter((name) => !index.entries.has(name));
  if (unknown.length > 0) {
    log.warn({ zones: unknown.slice(0, 20), count: unknown.length }, 'zone files that nobody saved by this program');
  }
  return [...index.entries.keys()].filter((name) => !there.has(name));
}
