import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseZone } from '../../src/dns/zone-text/parser.js';
import { compareSerials, nextSerial, serialOfEdit, soaSerial, withSerial } from '../../src/dns/serial.js';

const serial = fc.integer({ min: 0, max: 0xffffffff });

describe('serials (RFC 1982)', () => {
  test.each([
    [1, 0, 1],
    [0, 1, -1],
    [44, 44, 0],
    [0, 0xffffffff, 1],
    [0x80000000, 0, -1], // undefined in RFC 1982: counts as older
    [0, 0x80000000, -1],
    [100, 0xffffff9c, 1],
  ])('%i against %i', (a, b, expected) => expect(compareSerials(a, b)).toBe(expected));

  test('adding up to 2^31 - 1 makes newer, and the other way older', () => {
    fc.assert(
      fc.property(serial, fc.integer({ min: 1, max: 0x7fffffff }), (a, step) => {
        const b = (a + step) >>> 0;
        expect(compareSerials(b, a)).toBe(1);
        expect(compareSerials(a, b)).toBe(-1);
      }),
    );
  });

  test('the next is newer than each, and never 0', () => {
    expect(nextSerial(5, 9, 7)).toBe(10);
    expect(nextSerial(0xffffffff)).toBe(1);
    expect(nextSerial(0xfffffff0, 3)).toBe(4);
    expect(nextSerial()).toBe(1);
    fc.assert(
      fc.property(serial, fc.integer({ min: 0, max: 0x3fffffff }), (a, step) => {
        const b = (a + step) >>> 0;
        const next = nextSerial(a, b);
        expect(next).not.toBe(0);
        expect(compareSerials(next, a)).toBe(1);
        expect(compareSerials(next, b)).toBe(1);
      }),
    );
  });
});

describe('the serial of an edit', () => {
  test.each([
    [2024010203, '2024-06-30', 2024063001], // a date of the past
    [2024063001, '2024-06-30', 2024063002],
    [2024063099, '2024-06-30', 2024063100],
    [2030010101, '2024-06-30', 2030010102], // a date to come
    [2024990101, '2024-06-30', 2024990102], // no date
    [7, '2024-06-30', 8],
    [1700000000, '2024-06-30', 1700000001], // a time in seconds
    [0xffffffff, '2024-06-30', 1],
  ])('of %i on %s is %i', (before, day, after) => expect(serialOfEdit(before, new Date(day))).toBe(after));
});

describe('the serial in a text', () => {
  const text = Buffer.from('; ä 7\n$TTL 60\n@ SOA ns1 h ( ; 7\n\t7 ; serial\n 1 2 3 4 )\n@ NS ns1 ; 7\n');

  test('is replaced, and every other octet stays', () => {
    const { text: changed } = withSerial(text, parseZone(text, 'example.org'), 4294967295);
    expect(changed.toString()).toBe(text.toString().replace('\t7', '\t4294967295'));
    expect(soaSerial(parseZone(changed, 'example.org').records)).toBe(4294967295);
  });

  test('is not guessed where it is not spelled', () => {
    const generic = Buffer.from('@ 60 SOA \\# 22 00 00 00000007 00000001 00000002 00000003 00000004\n');
    const zone = parseZone(generic, 'example.org');
    expect(soaSerial(zone.records)).toBe(7);
    expect(zone.serialAt).toBeUndefined();
    expect(() => withSerial(generic, zone, 8)).toThrow(RangeError);
  });
});
