import { renameSync, statSync } from 'node:fs';
import pino from 'pino';

/** At this size a log is set aside as `.1`, which replaces the one before. */
export const LARGEST_LOG = 32 * 1024 * 1024;
/** Octets of lines that wait for a disk that takes none. */
const MOST_WAITING = 1024 * 1024;

/** A file for log lines (created 0600, with its folder) that never grows beyond twice `largest`, octets. */
export function logFile(file: string, largest = LARGEST_LOG): pino.DestinationStream {
  const destination = pino.destination({ dest: file, mkdir: true, mode: 0o600, sync: false, maxLength: MOST_WAITING });
  // A full disk ends no service: what can't be written waits, and beyond the limit is lost.
  destination.on('error', () => undefined);
  let size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  return {
    write(line) {
      destination.write(line);
      size += line.length;
      if (size <= largest) return;
      size = 0;
      try {
        renameSync(file, `${file}.1`);
      } catch {
        return; // moved away by somebody else: the next lines follow it, and the one after `largest` more is tried again
      }
      destination.reopen();
    },
  };
}
