import { diffArrays } from 'diff';

/** A line of a comparison: in both texts, only in the first, or only in the second. */
export interface ComparedLine {
  kind: 'same' | 'gone' | 'new';
  text: string;
}

/** Same lines that are shown around a difference. */
const AROUND = 3;
/**
 * Lines gone and lines new up to which the shortest difference is looked for: the time for that grows with the square
 * of their number (500 take 20 ms, 2,000 half a second).
 */
const MOST_EDITS = 500;
const MOST_EDITS_ON_COMMAND = 2_000;

const MARKS: Readonly<Record<ComparedLine['kind'], string>> = { same: ' ', gone: '-', new: '+' };
/** Stands behind a last line that has no end, as diff and patch have it. */
const NO_END = '\n\\ No newline at end of file';

/** The difference from `before` to `after` with some lines of context; `undefined` stands for omitted lines. */
export function lineDifference(before: string, after: string): (ComparedLine | undefined)[] {
  const lines = comparedLines(before, after, MOST_EDITS);
  const shown: (ComparedLine | undefined)[] = [];
  let end = 0;
  for (const [from, to] of hunksOf(lines)) {
    if (from > end) shown.push(undefined);
    for (const line of lines.slice(from, to)) shown.push(line);
    end = to;
  }
  if (end < lines.length) shown.push(undefined);
  return shown;
}

/**
 * Two texts' difference in the unified format, hunks without the two lines above them: empty where they are the same.
 * For the command line: it takes longer than a server may.
 */
export function unifiedDifference(before: string, after: string): string {
  const lines = comparedLines(before, after, MOST_EDITS_ON_COMMAND);
  let [oldAt, newAt] = [1, 1];
  const placed = lines.map((line) => {
    const place = { line, oldAt, newAt };
    if (line.kind !== 'new') oldAt++;
    if (line.kind !== 'gone') newAt++;
    return place;
  });
  return hunksOf(lines)
    .map(([from, to]) => hunk(placed.slice(from, to)))
    .join('');
}

/** Every line of both, in order: what is gone stands before what is new. */
function comparedLines(before: string, after: string, mostEdits: number): ComparedLine[] {
  const [a, b] = [linesOf(before), linesOf(after)];
  const parts = diffArrays(a, b, { maxEditLength: mostEdits });
  if (parts === undefined) return replaced(a, b);
  return parts.flatMap(({ value, added, removed }) => marked(added ? 'new' : removed ? 'gone' : 'same', value));
}

/** True of any two texts, though not the shortest: all lines between those that both begin and end with. */
function replaced(a: readonly string[], b: readonly string[]): ComparedLine[] {
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  return [
    ...marked('same', a.slice(0, start)),
    ...marked('gone', a.slice(start, a.length - end)),
    ...marked('new', b.slice(start, b.length - end)),
    ...marked('same', a.slice(a.length - end)),
  ];
}

function marked(kind: ComparedLine['kind'], lines: readonly string[]): ComparedLine[] {
  return lines.map((text) => ({ kind, text }));
}

/** Stretches of lines, each with a difference in it and the lines around that. */
function hunksOf(lines: readonly ComparedLine[]): [from: number, to: number][] {
  const hunks: [from: number, to: number][] = [];
  lines.forEach(({ kind }, index) => {
    if (kind === 'same') return;
    const [from, to] = [Math.max(0, index - AROUND), Math.min(lines.length, index + AROUND + 1)];
    const last = hunks.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = to;
    else hunks.push([from, to]);
  });
  return hunks;
}

function hunk(placed: readonly { line: ComparedLine; oldAt: number; newAt: number }[]): string {
  const [first] = placed;
  const count = (other: ComparedLine['kind']): number => placed.filter(({ line }) => line.kind !== other).length;
  const head = `@@ -${range(first?.oldAt ?? 1, count('new'))} +${range(first?.newAt ?? 1, count('gone'))} @@\n`;
  return head + placed.map(({ line: { kind, text } }) => `${MARKS[kind]}${text}\n`).join('');
}

/** Of no lines, the place is the line before. */
function range(at: number, count: number): string {
  if (count === 1) return String(at);
  return count === 0 ? `${at - 1},0` : `${at},${count}`;
}

function linesOf(text: string): string[] {
  if (text === '') return [];
  const lines = text.split('\n');
  const last = lines.pop() ?? '';
  return last === '' ? lines : [...lines, last + NO_END];
}
