import { applyPatch } from 'diff';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lineDifference, unifiedDifference, type ComparedLine } from '../../src/presentation/line-difference.js';

/** Few different lines, so that there is much to choose from; with and without an end of the last line. */
const text = fc
  .tuple(fc.array(fc.constantFrom('a', 'b', 'c', '', '\\x', 'a\r'), { maxLength: 60 }), fc.boolean())
  .map(([lines, isEnded]) => lines.map((line) => `${line}\n`).join('') + (isEnded ? '' : 'last'));
const numbered = (count: number, word: string): string[] => Array.from({ length: count }, (_, i) => `${word} ${i}\n`);

/** What `patch` makes of `before`. */
function patched(before: string, difference: string): string | false {
  return difference === ''
    ? before
    : applyPatch(before, `--- a\n+++ b\n${difference}`, { autoConvertLineEndings: false });
}

/** The lines of one side that are shown. */
function side(lines: readonly (ComparedLine | undefined)[], other: ComparedLine['kind']): string[] {
  return lines.flatMap((line) => (line === undefined || line.kind === other ? [] : [line.text]));
}

describe('a difference of texts', () => {
  test('in the unified format makes the second of the first', () => {
    fc.assert(
      fc.property(text, text, (before, after) => {
        expect(patched(before, unifiedDifference(before, after))).toBe(after);
      }),
    );
  });

  test('on a page names each line that is gone or new, and leaves out only lines that both have', () => {
    fc.assert(
      fc.property(text, text, (before, after) => {
        const lines = lineDifference(before, after);
        const changed = (kind: ComparedLine['kind']): number => lines.filter((line) => line?.kind === kind).length;
        const count = (whole: string): number =>
          whole.split('\n').length - (whole.endsWith('\n') || whole === '' ? 1 : 0);
        expect(changed('new') - changed('gone')).toBe(count(after) - count(before));
        if (!lines.includes(undefined)) {
          expect(
            side(lines, 'new')
              .join('\n')
              .replace(/\n\\ No.*/, ''),
          ).toBe(before.replace(/\n$/, ''));
          expect(
            side(lines, 'gone')
              .join('\n')
              .replace(/\n\\ No.*/, ''),
          ).toBe(after.replace(/\n$/, ''));
        }
      }),
    );
  });

  test('of a large zone, with its serial at the top and one record at the end changed, is those two', () => {
    const lines = numbered(100_000, 'host');
    const before = ['serial 1\n', ...lines, 'www 192.0.2.1\n'].join('');
    const after = ['serial 2\n', ...lines, 'www 192.0.2.2\n'].join('');
    const changed = lineDifference(before, after).filter((line) => line !== undefined && line.kind !== 'same');
    expect(changed.map((line) => line?.text)).toEqual(['serial 1', 'serial 2', 'www 192.0.2.1', 'www 192.0.2.2']);
  });

  test('of very many lines is not looked for at length: all between what both begin and end with is gone, then new', () => {
    const [before = '', after = ''] = ['old', 'new'].map((word) =>
      numbered(3_000, word)
        .map((line, i) => `${line}both ${i}\n`)
        .join('')
        .replace(/^/, 'top\n'),
    );
    const lines = lineDifference(before, after);
    const gone = lines.filter((line) => line?.kind === 'gone');
    expect([lines.length, gone.length, lines[0]?.text, lines.at(-1)?.text]).toEqual([
      11_998 + 2,
      5_999,
      'top',
      'both 2999',
    ]);
    expect(side(lines, 'new')).toEqual(before.trimEnd().split('\n'));
    expect(side(lines, 'gone')).toEqual(after.trimEnd().split('\n'));
    expect(patched(before, unifiedDifference(before, after))).toBe(after);
  });
});
