import { expect, test } from 'vitest';
import { defined } from '../../src/operations/defined.js';

test('only what is undefined is left out, and nothing of what was given changes', () => {
  const given = { none: undefined, zero: 0, empty: '', no: false, nothing: null };
  expect(Object.entries(defined(given))).toEqual([
    ['zero', 0],
    ['empty', ''],
    ['no', false],
    ['nothing', null],
  ]);
  expect(Object.keys(given)).toContain('none');
});
