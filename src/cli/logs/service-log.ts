import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { inWords, logLine, type LogLine } from '../../operations/console-lines.js';
import { visible } from '../../operations/visible.js';
import { lastLines } from '../../operations/last-lines.js';
import { sentenceOf } from '../../errors.js';
import { WrongUse } from '../terminal/failure.js';
import type { Target } from '../service/target.js';
import { shortTime, type Line } from './line.js';

/** pino's levels. */
export const LEVELS = { info: 0, warning: 40, error: 50 } as const;

const EACH = 300;
const timedLine = logLine.extend({ time: z.string() });

/** Of which lines. */
interface LogFilter {
  zone: string | undefined;
  /** Its host name. */
  member: string | undefined;
  level: keyof typeof LEVELS;
}

/**
 * The last lines of the service's log, at most `limit`, the newest last; then later lines as they come. Never ends.
 * Rejects with WrongUse if there is no log here.
 */
export async function* serviceLog(target: Target, filter: LogFilter, limit: number): AsyncGenerator<Line[]> {
  if (!('folder' in target))
    throw new WrongUse('The log of a service elsewhere is on its own machine. Run this there.');
  const file = join(target.folder, 'node.log');
  let { ino, size: at } = await stat(file).catch((error: unknown) => {
    throw new WrongUse(
      `There is no log of a service: ${sentenceOf(error)}. Inside another panel, see that panel's log.`,
    );
  });
  yield await lastOf(file, at, filter, limit);
  for (;;) {
    await pause(EACH);
    const now = await stat(file).catch(() => undefined);
    if (now !== undefined && now.ino !== ino) {
      // It was set aside: that one to its end, then the new one from its beginning.
      yield linesOf(await wholeLines(`${file}.1`, at), filter);
      ({ ino } = now);
      at = 0;
    }
    const added = await wholeLines(file, at);
    at += added.length;
    yield linesOf(added, filter);
  }
}

async function lastOf(file: string, end: number, filter: LogFilter, limit: number): Promise<Line[]> {
  const found: Line[] = [];
  if (limit === 0) return found;
  for (const [name, to] of [
    [file, end],
    [`${file}.1`, undefined],
  ] as const) {
    for await (const text of lastLines(name, to)) {
      found.push(...linesOf(Buffer.from(text), filter));
      if (found.length >= limit) return found.reverse();
    }
  }
  return found.reverse();
}

/** What stands behind this octet, without a line that is still being written. */
async function wholeLines(file: string, at: number): Promise<Buffer> {
  const handle = await open(file).catch(() => undefined);
  if (handle === undefined) return Buffer.alloc(0);
  try {
    const length = Math.max(0, (await handle.stat()).size - at);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, at);
    return buffer.subarray(0, buffer.subarray(0, bytesRead).lastIndexOf('\n') + 1);
  } finally {
    await handle.close();
  }
}

/** What is no line of ours is left out. */
function linesOf(octets: Buffer, filter: LogFilter): Line[] {
  return octets
    .toString('utf8')
    .split('\n')
    .flatMap((text) => {
      const read = timedLine.safeParse(parsed(text));
      if (!read.success || !isWanted(read.data, filter)) return [];
      const { data: entry } = read;
      return [{ entry, words: `${visible(shortTime(entry.time))}  ${inWords(entry)}` }];
    });
}

function isWanted(entry: LogLine, { zone, member, level }: LogFilter): boolean {
  const is = (field: string, wanted: string | undefined): boolean =>
    wanted === undefined || String(entry[field]).toLowerCase() === wanted.toLowerCase();
  return entry.level >= LEVELS[level] && is('zone', zone) && is('member', member);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
