import { formatName, type Name } from '../dns/name.js';
import type { ParsedEntry, TtlInEffect } from '../dns/zone-text/parsed-entry.js';
import { parseZone } from '../dns/zone-text/parser.js';
import { formatRecord } from '../dns/zone-text/printer.js';
import { zoneOfEntries, type PlacedEntry } from '../dns/zone-text/zone-of-entries.js';
import { compareSerials, serialOfEdit } from '../dns/serial.js';
import { TYPE } from '../dns/types.js';
import type { Zone } from '../dns/zone.js';
import { isClusterError } from '../errors.js';
import { validateZone, withLiftedSerial, type ValidZone } from './validation.js';
import type { ChangeableLine, ZoneLine } from './zone-lines.js';
import type { ZoneName } from './zone-name.js';

const LF = 10;

/** A record that is to be written. */
export interface NewRecord {
  owner: Name;
  ttl: number;
  type: number;
  rdata: string;
}

/** What becomes of a zone's lines; those that are not named stay as they are, and directives always. */
export interface ZoneEdit {
  /** The record that stands for a line from now on, or `removed`. */
  changed: ReadonlyMap<ChangeableLine, NewRecord | 'removed'>;
  /** These stand at the end. */
  added: readonly NewRecord[];
}

/** What a line takes from the lines before it. */
interface Inherited {
  owner?: Name;
  defaultTtl?: number;
  lastTtl?: number;
}

/**
 * The zone after an edit, under a new serial: above the present one, and the one that the edit itself writes where that
 * is higher. Throws zone_invalid where the records do not make a zone any more.
 */
export function editZone(
  name: ZoneName,
  { text, lines, serial }: { text: Buffer; lines: readonly ZoneLine[]; serial: number },
  edit: ZoneEdit,
  now: Date,
): ValidZone {
  const edited = editedLines(text, lines, edit);
  const after = Buffer.concat(edited.map(({ octets }) => octets));
  const valid = validateZone(name, after, () => readEdited(name, after, edited));
  if (compareSerials(valid.serial, serial) > 0) return valid;
  return withLiftedSerial(valid, serialOfEdit(serial, now));
}

/** A line of the text after an edit. */
interface EditedLine {
  octets: Buffer;
  /** What stays of the text before, with its places there; `new`: it was not read yet. */
  of: ZoneLine | 'new' | undefined;
  /** Its owner was written into it. */
  named?: boolean;
}

/**
 * The lines after an edit. Other lines stay byte for byte, but for one that took its owner or its TTL from a line that
 * changed: what it took is written into it. New records have all that is theirs in their own line.
 */
export function editedLines(text: Buffer, lines: readonly ZoneLine[], { changed, added }: ZoneEdit): EditedLine[] {
  const lineEnd = /^[^\n]*\r\n/.test(text.toString('latin1', 0, 65_536)) ? '\r\n' : '\n';
  const edited: EditedLine[] = [];
  const inherited: Inherited = {};
  const write = (record: NewRecord, comment = ''): void => {
    edited.push({ octets: Buffer.from(formatRecord({ ...record, line: 0 }) + comment + lineEnd, 'latin1'), of: 'new' });
  };
  for (const line of lines) {
    const change = line.kind === 'control' ? undefined : changed.get(line);
    if (change === undefined) edited.push(kept(text, line, inherited));
    else if (change !== 'removed') {
      write(change, commentOf(text, line));
      inherited.owner = change.owner;
      inherited.lastTtl = change.ttl;
    }
  }
  if (added.length > 0 && edited.at(-1)?.octets.at(-1) !== LF)
    edited.push({ octets: Buffer.from(lineEnd), of: undefined });
  for (const record of added) write(record);
  return edited;
}

/** What the text after an edit says. Lines that stay say what they said before: only the new ones are read. */
function readEdited(name: ZoneName, after: Buffer, edited: readonly EditedLine[]): Zone {
  let zone: Zone | undefined;
  try {
    zone = zoneOfEntries(after, name, entriesOf(name, edited));
  } catch (error) {
    if (!isClusterError(error, 'zone_invalid')) throw error;
  }
  // What is refused is refused with its place in the whole text.
  return zone ?? parseZone(after, name);
}

function* entriesOf(name: ZoneName, edited: readonly EditedLine[]): Generator<PlacedEntry> {
  let at = 0;
  for (const { octets, of, named = false } of edited) {
    if (of === 'new') {
      const read: ParsedEntry[] = [];
      parseZone(octets, name, { entry: (entry) => read.push(entry) });
      for (const entry of read) yield placed(entry, at, at + entry.wordsStart);
    } else if (of !== undefined && of.kind !== 'comment') {
      // All that was written into it stands before its serial.
      const moved = at + octets.length - of.end;
      yield placed(of, moved, named ? at : at + of.wordsStart - of.start);
    }
    at += octets.length;
  }
}

/** An entry whose places moved by so many octets, from its serial on. */
function placed(entry: ParsedEntry, moved: number, wordsStart: number): PlacedEntry {
  const { start, end } = (entry.kind === 'record' ? entry.serialAt : undefined) ?? {};
  const serialAt = start === undefined || end === undefined ? undefined : { start: start + moved, end: end + moved };
  return { entry, wordsStart, serialAt };
}

function kept(text: Buffer, line: ZoneLine, inherited: Inherited): EditedLine {
  const { start, end } = line;
  if (line.kind === 'comment') return { octets: text.subarray(start, end), of: line };
  const pieces: Buffer[] = [];
  if (line.kind === 'control') {
    if (line.sets !== undefined) inherited.defaultTtl = line.sets;
  } else {
    // Such a line begins with white space, which now ends the name.
    if (!line.ownsLine && line.owner !== inherited.owner) pieces.push(Buffer.from(formatName(line.owner), 'latin1'));
    inherited.owner = line.owner;
  }
  const named = pieces.length > 0;
  const { head } = line;
  if (head === undefined || !losesTtl(head, line.kind === 'record' && line.type === TYPE.SOA, inherited)) {
    const whole = text.subarray(start, end);
    return { octets: named ? Buffer.concat([...pieces, whole]) : whole, of: line, named };
  }
  const { typeAt, ttl } = head;
  pieces.push(text.subarray(start, typeAt), Buffer.from(`${ttl} `), text.subarray(typeAt, end));
  return { octets: Buffer.concat(pieces), of: line, named };
}

/** Would the line get another TTL from those before it? Its own is then to be written. Carries the TTLs on. */
function losesTtl({ ttl, isWritten }: TtlInEffect, isSoa: boolean, inherited: Inherited): boolean {
  const taken = inherited.defaultTtl ?? inherited.lastTtl;
  if (!isWritten && taken === undefined && isSoa) {
    // The SOA's minimum is the default then.
    inherited.defaultTtl = ttl;
    return false;
  }
  if (!isWritten && taken === ttl) return false;
  inherited.lastTtl = ttl;
  return !isWritten;
}

/** The comment behind the last word of a record, with a blank before it. */
function commentOf(text: Buffer, line: ZoneLine): string {
  if (line.kind === 'comment') return '';
  const comment = /^[ \t]*(;[^\n]*)/.exec(text.toString('latin1', line.wordsEnd, line.end))?.[1];
  return comment === undefined ? '' : ` ${comment.replace(/(?<![ \t\r])[ \t\r]+$/, '')}`;
}
