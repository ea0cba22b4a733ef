import { formatName, type Name } from '../dns/name.js';
import type { TtlInEffect } from '../dns/zone-text/parsed-entry.js';
import { formatRecord } from '../dns/zone-text/printer.js';
import { compareSerials, serialOfEdit } from '../dns/serial.js';
import { TYPE } from '../dns/types.js';
import { validateZone, withLiftedSerial, type ValidZone } from './validation.js';
import type { ZoneLine } from './zone-lines.js';
import type { ZoneName } from './zone-name.js';

/** A record that is to be written. */
export interface NewRecord {
  owner: Name;
  ttl: number;
  type: number;
  rdata: string;
}

/** What becomes of a zone's lines; those that are not named stay as they are. */
export interface ZoneEdit {
  /** The record that stands for a line from now on, or `removed`. */
  changed: ReadonlyMap<ZoneLine, NewRecord | 'removed'>;
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
  const edited = validateZone(name, editText(text, lines, edit));
  if (compareSerials(edited.serial, serial) > 0) return edited;
  return withLiftedSerial(edited, serialOfEdit(serial, now));
}

/**
 * The text after an edit. Other lines stay byte for byte, but for one that took its owner or its TTL from a line that
 * changed: what it took is written into it. New records have all that is theirs in their own line.
 */
export function editText(text: Buffer, lines: readonly ZoneLine[], { changed, added }: ZoneEdit): Buffer {
  const lineEnd = /^[^\n]*\r\n/.test(text.toString('latin1', 0, 65_536)) ? '\r\n' : '\n';
  const pieces: Buffer[] = [];
  const inherited: Inherited = {};
  for (const line of lines) {
    const change = changed.get(line);
    if (change === undefined) pieces.push(...kept(text, line, inherited));
    else if (change !== 'removed') {
      pieces.push(Buffer.from(formatRecord({ ...change, line: 0 }) + commentOf(text, line) + lineEnd, 'latin1'));
      inherited.owner = change.owner;
      inherited.lastTtl = change.ttl;
    }
  }
  if (added.length > 0 && !endsLine(pieces)) pieces.push(Buffer.from(lineEnd));
  for (const record of added) pieces.push(Buffer.from(formatRecord({ ...record, line: 0 }) + lineEnd, 'latin1'));
  return Buffer.concat(pieces);
}

function kept(text: Buffer, line: ZoneLine, inherited: Inherited): Buffer[] {
  const { start, end } = line;
  if (line.kind === 'comment') return [text.subarray(start, end)];
  const pieces: Buffer[] = [];
  if (line.kind === 'control') {
    if (line.sets !== undefined) inherited.defaultTtl = line.sets;
  } else {
    // Such a line begins with white space, which now ends the name.
    if (!line.ownsLine && line.owner !== inherited.owner) pieces.push(Buffer.from(formatName(line.owner), 'latin1'));
    inherited.owner = line.owner;
  }
  const { head } = line;
  if (head === undefined || !losesTtl(head, line.kind === 'record' && line.type === TYPE.SOA, inherited)) {
    return [...pieces, text.subarray(start, end)];
  }
  const { typeAt, ttl } = head;
  return [...pieces, text.subarray(start, typeAt), Buffer.from(`${ttl} `), text.subarray(typeAt, end)];
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

function endsLine(pieces: readonly Buffer[]): boolean {
  return pieces.at(-1)?.at(-1) === 10;
}
