import { readFile } from 'node:fs/promises';
import { expect, expectTypeOf, test } from 'vitest';
import { asClusterError, ClusterError, codeOf, isClusterError } from '../../src/errors.js';

test('a fact that the sentence of a code needs cannot be left out, nor misspelt, nor be of another type', () => {
  // @ts-expect-error: the sentence names the path.
  expect(new ClusterError('page_unknown')).toBeInstanceOf(ClusterError);
  // @ts-expect-error: it has no fact of this name.
  expect(new ClusterError('page_unknown', { page: '/a' })).toBeInstanceOf(ClusterError);
  // @ts-expect-error: a limit is a number.
  expect(new ClusterError('body_too_large', { limit: 'much' })).toBeInstanceOf(ClusterError);
  // @ts-expect-error: a sentence that is always the same takes none.
  expect(new ClusterError('busy', { zone: 'a.example' })).toBeInstanceOf(ClusterError);
  // @ts-expect-error: what may be either code is given the facts of both.
  const either = (code: 'zone_unknown' | 'zone_refused') => new ClusterError(code, { zone: 'a.example' });
  expect(either('zone_unknown').message).toBe(
    'Zone a.example is not on this server. Check the name in the list of zones.',
  );
});

test('an error is known by its code, and its facts are typed then', () => {
  const error: unknown = new ClusterError('zone_not_removed', { zone: 'a.example', server: 'ns1.example.net' });
  expect(isClusterError(error)).toBe(true);
  expect(isClusterError(error, 'zone_unknown')).toBe(false);
  if (!isClusterError(error, 'zone_unknown', 'zone_not_removed')) throw new Error('it is one of the two');
  expectTypeOf(error.code).toEqualTypeOf<'zone_unknown' | 'zone_not_removed'>();
  if (!isClusterError(error, 'zone_not_removed')) throw new Error('it is this one');
  expectTypeOf(error.facts).toEqualTypeOf<{ zone: string; server: string }>();
  expect(error.facts.server).toBe('ns1.example.net');
});

test('what is not an error of ours is an internal one, with the thing that was thrown as its cause', () => {
  const ours = new ClusterError('stopping');
  expect(asClusterError(ours)).toBe(ours);
  expectTypeOf(ours).toExtend<ClusterError>();
  const thrown = new RangeError('7 is too many');
  expect(asClusterError(thrown)).toMatchObject({ code: 'internal', status: 500, cause: thrown });
  expect(isClusterError(thrown)).toBe(false);
});

test("the code of the system's error is told, and that a thing has none", async () => {
  expect(codeOf(await readFile('/nonexistent/file').catch((error: unknown) => error))).toBe('ENOENT');
  for (const thrown of [new Error('ENOENT'), 'ENOENT', { code: 2 }, null, undefined]) expect(codeOf(thrown)).toBe('');
});
