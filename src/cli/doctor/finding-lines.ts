import type { Finding } from './check.js';

/** A finding of the check of this name. */
export type Row = Finding & { check: string };

const LABELS: Readonly<Record<Finding['state'], string>> = { ok: 'ok', notice: 'notice', wrong: 'WRONG' };
const LABEL_WIDTH = Math.max(...Object.values(LABELS).map((text) => text.length));

/** A line for each finding, and one for what to do. */
export function findingLines(rows: readonly Row[]): string {
  const width = Math.max(0, ...rows.map(({ check }) => check.length));
  const indent = ' '.repeat(LABEL_WIDTH + width + 4);
  const lines = rows.map(({ check, state, what, fix }) => {
    const head = `${LABELS[state].padEnd(LABEL_WIDTH)}  ${check.padEnd(width)}  ${what}\n`;
    return fix === undefined ? head : `${head}${indent}→ ${fix}\n`;
  });
  return lines.join('');
}
