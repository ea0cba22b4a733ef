import { crc32 } from 'node:zlib';
import { ClusterError, codeOf } from '../../errors.js';
import type { Log } from '../../operations/log.js';
import { inSlices } from '../../operations/in-slices.js';
import { ReplayedFiles } from '../replayed-files.js';
import type { ZoneFiles } from '../zone-files.js';
import type { ZoneIndex } from '../zone-index.js';
import { ZoneJournal, type JournalDamage } from './zone-journal.js';
import type { ZoneName } from '../zone-name.js';
import { ZoneSteps } from '../zone-steps.js';

/** What the journal says that the store wrote into a zone's file. */
interface Written {
  checksums: Set<number>;
  /** Time of the newest, milliseconds since 1970. */
  newest: number;
}

/**
 * Brings files and index to where the journal ends. A file that a person changed since is set aside meanwhile and put
 * back: what a crash left half done is repaired, what somebody wrote is not overwritten. Resolves with the number of
 * steps, the zones whose files they are of, and what of the journal is damaged. Rejects with folder_full where there is
 * no room for what is to be repaired; then nothing is lost.
 */
export async function replayJournal(
  folder: string,
  { files, index, log }: { files: ZoneFiles; index: ZoneIndex; log: Log },
): Promise<{ performed: number; touched: ReadonlySet<ZoneName>; damage: JournalDamage[] }> {
  const damage: JournalDamage[] = [];
  const written = new Map<ZoneName, Written>();
  for await (const step of ZoneJournal.replay(folder)) {
    if (step.kind !== 'write') continue;
    const { name } = step.entry;
    const known = written.get(name) ?? { checksums: new Set([index.written.get(name)?.crc ?? 0]), newest: 0 };
    known.checksums.add(crc32(step.text));
    known.newest = Math.max(known.newest, step.stamp?.mtime ?? Infinity);
    written.set(name, known);
  }
  for (const [name, known] of written) if (isByHand(name, known, files)) await files.setAside(name);
  const replayed = new ReplayedFiles(files);
  const steps = new ZoneSteps(replayed, index);
  let performed = 0;
  for await (const step of ZoneJournal.replay(folder, log, (one) => damage.push(one))) {
    steps.perform(step);
    performed++;
  }
  try {
    await inSlices(replayed.finish(index), () => undefined);
  } catch (error) {
    if (codeOf(error) !== 'ENOSPC') throw error;
    throw new ClusterError('folder_full', { folder }, { cause: error });
  }
  await files.putBack();
  return { performed, touched: steps.touched, damage };
}

/**
 * Other than anything that the store wrote, and later. A power cut can leave the first, or nothing at all, but not the
 * second.
 */
function isByHand(name: ZoneName, { checksums, newest }: Written, files: ZoneFiles): boolean {
  const there = files.stat(name);
  if (there === undefined || there.size === 0 || there.mtime <= newest) return false;
  return !checksums.has(crc32(files.read(name) ?? Buffer.of()));
}
