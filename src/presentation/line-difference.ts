/** A line of a comparison: in both texts, only in the first, or only in the second. */
export interface ComparedLine {
  kind: 'same' | 'gone' | 'new';
  text: string;
}

/** The table of the comparison grows with the product of both: texts that differ in more lines are shown one after the other. */
const MOST_CELLS = 4_000_000;
/** Same lines that are shown around a difference. */
const AROUND = 3;

/** What is different from `before` to `after`, with some lines around; `undefined` stands for lines that are left out. */
export function lineDifference(before: string, after: string): (ComparedLine | undefined)[] {
  return abridged(comparedLines(before.split('\n'), after.split('\n')));
}

/** Every line of both, in order: what is gone stands before what is new. */
export function comparedLines(a: readonly string[], b: readonly string[]): ComparedLine[] {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  const same = (lines: readonly string[]): ComparedLine[] => lines.map((text) => ({ kind: 'same', text }));
  return [
    ...same(a.slice(0, start)),
    ...compared(a.slice(start, a.length - end), b.slice(start, b.length - end)),
    ...same(a.slice(a.length - end)),
  ];
}

/** By a longest common subsequence. */
function compared(a: readonly string[], b: readonly string[]): ComparedLine[] {
  const gone = (text: string): ComparedLine => ({ kind: 'gone', text });
  const added = (text: string): ComparedLine => ({ kind: 'new', text });
  if (a.length * b.length > MOST_CELLS) return [...a.map(gone), ...b.map(added)];
  const width = b.length + 1;
  const longest = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number): number => longest[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      longest[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: ComparedLine[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const [left, right] = [a[i], b[j]];
    if (left !== undefined && left === right) {
      lines.push({ kind: 'same', text: left });
      i++;
      j++;
    } else if (right === undefined || (left !== undefined && at(i + 1, j) >= at(i, j + 1))) {
      lines.push(gone(left ?? ''));
      i++;
    } else {
      lines.push(added(right));
      j++;
    }
  }
  return lines;
}

function abridged(lines: readonly ComparedLine[]): (ComparedLine | undefined)[] {
  const near = new Set<number>();
  lines.forEach(({ kind }, index) => {
    if (kind !== 'same') for (let at = index - AROUND; at <= index + AROUND; at++) near.add(at);
  });
  const shown: (ComparedLine | undefined)[] = [];
  lines.forEach((line, index) => {
    if (near.has(index)) shown.push(line);
    else if (shown.length === 0 || shown.at(-1) !== undefined) shown.push(undefined);
  });
  return shown;
}
