import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonPieces } from '../../src/web/requests/json-pieces.js';

/* What functions of the API answer: values of JSON, fields that are not given, and what writes its JSON itself. */
const value = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.jsonValue({ maxDepth: 0 }),
    fc.date({ noInvalidDate: true }),
    fc.constant(undefined),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 5 }),
  ),
})).value;

test('the pieces of a value are what JSON.stringify makes of it', () => {
  fc.assert(
    fc.property(value, (given) => {
      fc.pre(given !== undefined);
      expect([...jsonPieces(given)].join('')).toBe(JSON.stringify(given));
    }),
    { numRuns: 2_000 },
  );
});

test('a long list has a piece for each element, wherever it is', () => {
  const rows = Array.from({ length: 1_000 }, (_, i) => ({
    name: `zone-${i}.example`,
    home: { server: 'a', epoch: 1 },
  }));
  const pieces = [...jsonPieces({ metadata: { result: 1 }, data: { zone: [{ record: rows }] } })];
  expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(100);
});
