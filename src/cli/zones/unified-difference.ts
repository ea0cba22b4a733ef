import { comparedLines, type ComparedLine } from '../../presentation/line-difference.js';

/** Same lines around a difference. */
const AROUND = 3;
const MARKS: Readonly<Record<ComparedLine['kind'], string>> = { same: ' ', gone: '-', new: '+' };
/** Stands behind a last line that has no end, as diff and patch have it. */
const NO_END = '\n\\ No newline at end of file';

/** Two texts' difference in the unified format, hunks without the two lines above them: empty where they are the same. */
export function unifiedDifference(before: string, after: string): string {
  const lines = comparedLines(linesOf(before), linesOf(after));
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
