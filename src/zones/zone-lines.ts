import { countLines } from '../dns/zone-text/place.js';
import type { ParsedEntry } from '../dns/zone-text/parsed-entry.js';
import { parseZone } from '../dns/zone-text/parser.js';
import type { ZoneName } from './zone-name.js';

const LF = 10;

/** A line of a zone's text that has no entry: a comment, or nothing. */
interface CommentLine {
  kind: 'comment';
  start: number;
  end: number;
}

/**
 * One line of a zone's text, or the lines of one entry that goes over several. `start` to `end` are its octets, its end
 * included.
 */
export type ZoneLine = (ParsedEntry | CommentLine) & {
  /** Place of its first line in the text, from 0. */
  index: number;
  /** How many lines it has. */
  count: number;
};

/** A line that is a record. */
export type RecordLine = Extract<ZoneLine, { kind: 'record' }>;

/** A line that can be changed and removed: a directive holds for what is below it. */
export type ChangeableLine = Exclude<ZoneLine, { kind: 'control' }>;

/** All lines of a zone's text in their order; together they are the text. Throws zone_invalid. */
export function readZoneLines(text: Buffer, name: ZoneName): ZoneLine[] {
  const entries: ParsedEntry[] = [];
  parseZone(text, name, { entry: (entry) => entries.push(entry) });
  const lines: ZoneLine[] = [];
  let at = 0;
  let index = 0;
  const add = (part: ParsedEntry | CommentLine): void => {
    const ends = countLines(text, part.start, part.end);
    lines.push({ ...part, index, count: Math.max(1, ends) });
    index += ends;
    at = part.end;
  };
  const addComments = (end: number): void => {
    while (at < end) {
      const lineEnd = text.indexOf(LF, at);
      add({ kind: 'comment', start: at, end: lineEnd < 0 || lineEnd >= end ? end : lineEnd + 1 });
    }
  };
  for (const entry of entries) {
    addComments(entry.start);
    add(entry);
  }
  addComments(text.length);
  return lines;
}

/** The lines by their index. Where a lone CR puts several entries on one line, an index names none of them. */
export function linesByIndex(lines: readonly ZoneLine[]): Map<number, ZoneLine> {
  const found = new Map<number, ZoneLine>();
  const shared = new Set<number>();
  for (const line of lines) {
    if (found.has(line.index)) shared.add(line.index);
    else found.set(line.index, line);
  }
  for (const index of shared) found.delete(index);
  return found;
}
