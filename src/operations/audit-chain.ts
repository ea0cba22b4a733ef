import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { ifMissing } from '../errors.js';

export const auditEntry = z.object({
  /** ISO time. */
  time: z.string(),
  user: z.string(),
  /** Where another user had the name before. */
  account: z.string().optional(),
  /** How they came: `page`, `token NAME`, or `this server`. */
  via: z.string(),
  /** What was asked for, as `saveZone`. */
  action: z.string(),
  /** Of which zone or member. */
  target: z.string(),
  /** The error's code, where it was refused. */
  refused: z.string().optional(),
});
/** One change that somebody asked for. */
export type AuditEntry = z.infer<typeof auditEntry>;

/** Where a chain ends: the number of its last line, and that line's hash. */
export interface ChainEnd {
  number: number;
  hash: string;
}

/** Before the first line. */
export const BEGINNING: ChainEnd = { number: 0, hash: '0'.repeat(64) };

const HASH = /,"hash":"([0-9a-f]{64})"\}$/;
const link = z.object({ number: z.number().int().positive(), before: z.string() });
const SLICE = 500;

/** What is found in an audit log, from its oldest line that is kept. */
export interface AuditVerdict {
  lines: number;
  /** Number of the first line that is there; 1 where none was set aside yet. */
  first: number;
  /** The last line. */
  end: ChainEnd;
  /** The first place where the log is not as it was written. */
  broken?: { file: string; line: number; why: string };
  /** Was the wanted hash the end of the log at some time? */
  found?: boolean;
}

/** A line of the log, which ends with its own hash: over its text, and with it over the hash of the line before. */
export function chained(entry: AuditEntry, before: ChainEnd): { line: string; end: ChainEnd } {
  const number = before.number + 1;
  const body = JSON.stringify({ number, ...entry, before: before.hash }).slice(0, -1);
  const hash = hashOf(body);
  return { line: `${body},"hash":"${hash}"}\n`, end: { number, hash } };
}

/**
 * Follows the chain through files, the oldest first; those that are missing are passed over. Changes nothing. `sought`:
 * a hash of before.
 */
export async function verifyAudit(files: readonly string[], sought?: string): Promise<AuditVerdict> {
  const verdict: AuditVerdict = {
    lines: 0,
    first: 1,
    end: BEGINNING,
    ...(sought === undefined ? {} : { found: false }),
  };
  let isOldestThere = true;
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch(ifMissing(''));
    // What follows the last newline is being written.
    for (const [i, line] of text.split('\n').slice(0, -1).entries()) {
      if (i % SLICE === SLICE - 1) await new Promise((resolve) => setImmediate(resolve));
      const why = follow(line, verdict);
      if (why !== undefined) verdict.broken ??= { file, line: i + 1, why };
      if (verdict.end.hash === sought) verdict.found = true;
    }
    const gone = verdict.lines > 0 && verdict.first > 1 && files.length > 1 && !isOldestThere;
    if (gone) verdict.broken ??= { file, line: 1, why: `the entries before entry ${verdict.first} are gone` };
    if (verdict.lines === 0) isOldestThere = false;
  }
  return verdict;
}

/** Takes one more line into the verdict; says what is wrong with it. */
function follow(line: string, verdict: AuditVerdict): string | undefined {
  const read = readLink(line);
  const { end, lines } = verdict;
  verdict.lines++;
  if (read === undefined) return 'it is not as it was written';
  verdict.end = read.end;
  // Before the oldest line that is kept there were others, which were set aside and replaced.
  if (lines === 0) verdict.first = read.end.number;
  else if (read.end.number !== end.number + 1) return `entry ${read.end.number} follows entry ${end.number}`;
  else if (read.before !== end.hash) return `entry ${end.number} before it is another one`;
  return undefined;
}

/** A line whose own hash is right. */
function readLink(line: string): { before: string; end: ChainEnd } | undefined {
  const found = HASH.exec(line);
  if (found === null || hashOf(line.slice(0, found.index)) !== found[1]) return undefined;
  const read = link.safeParse(JSON.parse(line));
  if (!read.success) return undefined;
  return { before: read.data.before, end: { number: read.data.number, hash: found[1] } };
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
