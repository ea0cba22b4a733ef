import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type pino from 'pino';

/** At this size a log is set aside as `.1`, which replaces the one before. */
const LARGEST_LOG = 32 * 1024 * 1024;
const MODE = 0o600;
const LOST = 'lines of this log could not be written';

/**
 * A file for log lines (created 0600, with its folder) that never grows beyond twice `largest`, octets. A full disk
 * ends no service: lines that can't be written are lost, and counted in the log when there is room again. Each line is
 * in the file when `write` returns, at some microseconds: pino's own asynchronous destination keeps a process from
 * ending while its disk is full (measured).
 */
export function logFile(file: string, largest = LARGEST_LOG): pino.DestinationStream {
  mkdirSync(dirname(file), { recursive: true });
  let fd = openSync(file, 'a', MODE);
  let { size } = fstatSync(fd);
  let lost = 0;
  /** Does the file end in the middle of a line? */
  let torn = false;

  const setAside = (): void => {
    size = 0;
    try {
      renameSync(file, `${file}.1`);
    } catch {
      // Moved away by somebody else: the next lines begin a new file, too.
    }
    const next = openSync(file, 'a', MODE);
    closeSync(fd);
    fd = next;
    ({ size } = fstatSync(fd));
    torn = false;
  };
  const append = (text: string): void => {
    const octets = Buffer.from(text);
    for (let at = 0; at < octets.length;) {
      const written = writeSync(fd, octets, at);
      at += written;
      size += written;
      torn = at < octets.length;
    }
  };
  return {
    write(line) {
      try {
        if (size > largest) setAside();
        if (torn) append('\n');
        if (lost > 0) append(`${JSON.stringify({ level: 50, time: new Date().toISOString(), lost, msg: LOST })}\n`);
        lost = 0;
        append(line);
      } catch {
        lost++;
      }
    },
  };
}
