import { rename } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { sentenceOf } from '../errors.js';
import type { Log } from '../operations/log.js';
import { validateZone } from './validation.js';
import type { ZoneFiles } from './zone-files.js';
import { ZoneIndex } from './zone-index.js';

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
  for await (const { name, path, inPlace } of files.list()) {
    try {
      const text = inPlace ? files.read(name) : undefined;
      if (text === undefined) continue;
      const { serial, digest } = validateZone(name, text);
      const held = known.entries.get(name);
      const sound = held?.digest === digest;
      const there = files.stat(name);
      if (there !== undefined) index.written.set(name, { ...there, crc: crc32(text) });
      index.entries.set(name, sound ? held : { name, serial, digest, owner: 'root', modified: Date.now() });
      const previous = known.unconfirmed.get(name);
      if (sound && previous !== undefined) index.unconfirmed.set(name, previous);
    } catch (error) {
      log.error({ path, error: sentenceOf(error) }, 'a zone file cannot be taken into the index');
    }
  }
  for (const [name, tombstone] of known.tombstones) index.tombstones.set(name, tombstone);
  if (index.entries.size > 0) log.warn({ zones: index.entries.size }, 'the zone index was rebuilt from the zone files');
  return index;
}

/** Drops previous versions that nothing leads back to: a crash between two steps left them, and a later version would find them in its way. */
export async function dropStrayPrevious(files: ZoneFiles, index: ZoneIndex): Promise<void> {
  const previous = new Set(index.previous());
  for (const name of await files.previousNames()) if (!previous.has(name)) files.dropPrevious(name);
}
