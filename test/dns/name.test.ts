import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  formatName,
  isAtOrBelow,
  labelsOf,
  lowerName,
  nameAt,
  NameError,
  parentOf,
  parseName,
  ROOT,
  type Name,
} from '../../src/dns/name.js';

const ORIGIN = parseName('example.org.');
const octetLabel = fc
  .uint8Array({ minLength: 1, maxLength: 20 })
  .map((octets) => String.fromCharCode(octets.length, ...octets));
/** Any name in wire form, of any octets. */
const wireName = fc.array(octetLabel, { maxLength: 10 }).map((labels) => (labels.join('') + '\0') as Name);

describe('names', () => {
  test('every wire name prints to text that reads back to it', () => {
    fc.assert(
      fc.property(wireName, (name) => {
        expect(parseName(formatName(name))).toBe(name);
        expect(nameAt(`xx${name}yy`, 2)).toBe(name);
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    ['www', '\x03www\x07example\x03org\0'],
    ['www.', '\x03www\0'],
    ['@', '\x07example\x03org\0'],
    ['.', '\0'],
    ['a\\.b.', '\x03a.b\0'],
    ['\\097\\255.', '\x02a\xff\0'],
    ['\xff.', '\x01\xff\0'],
    ['\\@.', '\x01@\0'],
  ])('%s is read', (text, wire) => expect(parseName(text, ORIGIN)).toBe(wire));

  test.each([
    ['', /empty/],
    ['a..b', /empty label/],
    ['.a', /empty label/],
    ['..', /empty label/],
    ['a\\', /backslash/],
    ['a\\2', /not an escape/],
    ['a\\25', /not an escape/],
    ['a\\256', /not an escape/],
    ['x'.repeat(64), /63 octets/],
    [`${'x'.repeat(64)}.`, /63 octets/],
    ['a.'.repeat(128), /255 octets/],
    [`${'a.'.repeat(124)}a`, /255 octets/],
    ['\\[x', /label of bits/],
  ])('%j is refused', (text, why) => {
    expect(() => parseName(text, ORIGIN)).toThrow(NameError);
    expect(() => parseName(text, ORIGIN)).toThrow(why);
  });

  test('a relative name needs an origin', () => {
    expect(() => parseName('www')).toThrow(/no origin/);
    expect(() => parseName('@')).toThrow(/no origin/);
  });

  test('the longest name and label are taken', () => {
    expect(parseName('a.'.repeat(127))).toHaveLength(255);
    expect(parseName(`${'x'.repeat(63)}.`)).toHaveLength(65);
  });

  test('length octets are no letters', () => {
    const name = parseName(`${'A'.repeat(63)}.B.`);
    expect(lowerName(name)).toBe(parseName(`${'a'.repeat(63)}.b.`));
    expect(labelsOf(name)).toEqual(['A'.repeat(63), 'B']);
  });

  test('below is by whole labels', () => {
    expect(isAtOrBelow(parseName('a.b.'), parseName('b.'))).toBe(true);
    expect(isAtOrBelow(parseName('b.'), parseName('b.'))).toBe(true);
    expect(isAtOrBelow(parseName('ab.'), parseName('b.'))).toBe(false);
    expect(isAtOrBelow(parseName('x\\001b.'), parseName('b.'))).toBe(false);
    expect(isAtOrBelow(parseName('a.'), ROOT)).toBe(true);
    expect(parentOf(parseName('a.b.'))).toBe(parseName('b.'));
    expect(parentOf(ROOT)).toBeUndefined();
  });

  test.each(['\x03ab', '\x40', '', '\x01a', 'a'.repeat(300)])('octets %j hold no name', (octets) => {
    expect(() => nameAt(octets, 0)).toThrow(NameError);
  });
});
