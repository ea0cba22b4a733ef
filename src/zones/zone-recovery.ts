import { rename } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { sentenceOf } from '../errors.js';
import type { Log } from '../operations/log.js';
import { dropTemporaries } from '../state/durable-file.js';
import { validateZone } from './validation.js';
import type { ZoneFiles } from './zone-files.js';
import { copyOf, ZoneIndex } from './zone-index.js';
import { isNameOfFile } from './zone-name.js';

/** Zones named in one line of the log. */
const NAMED = 1_000;

/**
 * The index in `file`; where it is missing or damaged, its copy, and where that is, too, what the master files say.
 * `rebuilt`: it is to be written anew. The journal goes only when both are written, so the copy knows as much.
 */
export async function recoverIndex(
  file: string,
  files: ZoneFiles,
  log: Log,
): Promise<{ index: ZoneIndex; rebuilt: boolean }> {
  await dropTemporaries(copyOf(file));
  const snapshot = await ZoneIndex.read(file);
  if (snapshot?.whole === true) return { index: snapshot.index, rebuilt: false };
  if (snapshot !== undefined) {
    const aside = `${file}.damaged-${Date.now()}`;
    await rename(file, aside);
    log.error({ aside }, 'the zone index is damaged; it was set aside');
  }
  const copy = await ZoneIndex.read(copyOf(file));
  if (copy?.whole === true) {
    log.warn({ zones: copy.index.entries.size }, 'the copy of the zone index took its place');
    return { index: copy.index, rebuilt: true };
  }
  const known = [copy?.index, snapshot?.index].filter((index) => index !== undefined);
  return { index: await indexFromFiles(files, known, log), rebuilt: true };
}

/**
 * Owners, times and removals are not in the files: they are taken from what is `known` of damaged indexes, the last of
 * them first, where they speak of the very text that is there. All other zones become the administrator's, and are
 * named.
 */
async function indexFromFiles(files: ZoneFiles, known: readonly ZoneIndex[], log: Log): Promise<ZoneIndex> {
  const index = new ZoneIndex();
  const ownerless: string[] = [];
  for await (const { name, path, inPlace } of files.list()) {
    try {
      const text = inPlace ? files.read(name) : undefined;
      if (text === undefined) continue;
      const { serial, digest } = validateZone(name, text);
      const source = known.findLast(({ entries }) => entries.get(name)?.digest === digest);
      const held = source?.entries.get(name);
      const there = files.stat(name);
      if (there !== undefined) index.written.set(name, { ...there, crc: crc32(text) });
      index.set(held ?? { name, serial, digest, owner: 'root', modified: Date.now() });
      if (held === undefined) ownerless.push(name);
      const previous = source?.unconfirmed.get(name);
      if (previous !== undefined) index.unconfirmed.set(name, previous);
    } catch (error) {
      log.error({ path, error: sentenceOf(error) }, 'a zone file cannot be taken into the index');
    }
  }
  for (const { tombstones } of known) for (const [name, tombstone] of tombstones) index.tombstones.set(name, tombstone);
  if (index.entries.size > 0) log.warn({ zones: index.entries.size }, 'the zone index was rebuilt from the zone files');
  for (let at = 0; at < ownerless.length; at += NAMED) {
    const zones = ownerless.slice(at, at + NAMED);
    log.error({ zones }, 'the owners of these zones are lost: they now belong to root');
  }
  return index;
}

/**
 * Lets go of zones whose names mean another zone to a member, as earlier versions took them. Their files stay, and
 * are named among those that can't be used.
 */
export function dropOtherNames(index: ZoneIndex, log: Log): void {
  const zones = [...index.entries.keys()].filter((name) => isNameOfFile(name));
  for (const name of zones) index.delete(name);
  for (const name of index.tombstones.keys()) if (isNameOfFile(name)) index.tombstones.delete(name);
  if (zones.length > 0)
    log.error(
      { zones: zones.slice(0, NAMED), count: zones.length },
      'zones are not served: members take their names for other zones',
    );
}

/**
 * Drops previous versions that nothing leads back to: a crash between two steps left them, and a later version would
 * find them in its way.
 */
export async function dropStrayPrevious(files: ZoneFiles, index: ZoneIndex): Promise<void> {
  const previous = new Set(index.previous());
  for (const name of await files.previousNames()) if (!previous.has(name)) files.dropPrevious(name);
}
