import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { apexOf } from '../dns/apex.js';
import { formatName, isAtOrBelow, lowerName, parseName } from '../dns/name.js';
import { parseZone } from '../dns/zone-text/parser.js';
import { printZone } from '../dns/zone-text/printer.js';
import { sentenceOf } from '../errors.js';
import { servedZoneName, zoneName, type ZoneName } from './zone-name.js';

/** A zone file of a folder that is imported, or why a file was left out. */
export type FolderItem = { file: string; name: ZoneName; text: Buffer } | { file: string; leftOut: string };

const MOST_FILES = 1_000_000;
const LARGEST = 16 * 1024 * 1024;
/** Stands for the zone's name while it is not known; `.invalid` names nothing real (RFC 2606). */
const UNKNOWN = parseName('name-not-known.invalid.');

/**
 * The zones in a folder's files (`*.zone`, `*.db`, or a file called like its zone), in the order of the file names. A
 * zone is named by its SOA record where that is absolute, else by its file. `$INCLUDE` is followed inside the folder,
 * and the zone is then given as one text. A file that holds no zone, or one that came before, is left out and said.
 */
export async function* zonesInFolder(folder: string): AsyncGenerator<FolderItem> {
  const taken = new Map<ZoneName, string>();
  const files = (await readdir(folder)).filter((file) => !file.startsWith('.')).sort();
  for (const file of files.slice(0, MOST_FILES)) {
    const item = await readItem(folder, file);
    if (item === undefined) continue;
    const earlier = 'name' in item ? taken.get(item.name) : undefined;
    if ('name' in item && earlier !== undefined) {
      yield { file, leftOut: `its zone ${item.name} came already from ${earlier}` };
    } else {
      if ('name' in item) taken.set(item.name, file);
      yield item;
    }
  }
}

async function readItem(folder: string, file: string): Promise<FolderItem | undefined> {
  try {
    const info = await stat(join(folder, file));
    if (!info.isFile()) return undefined;
    if (info.size > LARGEST) return { file, leftOut: `it is larger than ${LARGEST} octets` };
    const text = await readFile(join(folder, file));
    const apex = apexOf(text, UNKNOWN);
    if (apex === undefined) return { file, leftOut: 'it holds no SOA record' };
    const isNamed = !isAtOrBelow(lowerName(apex), UNKNOWN);
    const name = isNamed ? servedZoneName(formatName(apex)) : zoneName(nameOfFile(file));
    if (!/^[^\S\n]*\$INCLUDE\b/im.test(text.toString('latin1'))) return { file, name, text };
    return { file, name, text: Buffer.from(printZone(parseZone(text, name, { include: folder })), 'latin1') };
  } catch (error) {
    return { file, leftOut: sentenceOf(error) };
  }
}

function nameOfFile(file: string): string {
  const extension = extname(file);
  return ['.zone', '.txt'].includes(extension) ? basename(file, extension) : file;
}
