import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseName } from '../../src/dns/name.js';
import { RdataError } from '../../src/dns/octets.js';
import { parseZone } from '../../src/dns/zone-text/parser.js';
import { itemsOf, rdataOf } from '../../src/dns/rdata-items.js';
import { typeCode, TYPE } from '../../src/dns/types.js';
import { RDATA } from './arbitrary-rdata.js';

const origin = parseName('example.org.');
const elsewhere = parseName('elsewhere.example.');

describe.each(Object.entries(RDATA))('%s', (type, rdata) => {
  test('as a list of items is the same rdata again, whatever names would be relative to', () => {
    fc.assert(
      fc.property(rdata, (text) => {
        const record = parseZone(Buffer.from(`$TTL 300\n@ ${type} ${text}\n`, 'latin1'), 'example.org').records[0];
        const octets = record?.rdata ?? '';
        const code = typeCode(type) ?? 0;
        expect(rdataOf(code, itemsOf(code, octets), elsewhere)).toBe(octets);
      }),
      { numRuns: 60 },
    );
  });
});

describe('items', () => {
  test('of text are what it means, without quotes and escapes', () => {
    const rdata = rdataOf(TYPE.TXT, ['a "b" \\; c', '', '\xc3\xa9'], origin);
    expect(itemsOf(TYPE.TXT, rdata)).toEqual(['a "b" \\; c', '', '\xc3\xa9']);
    expect(itemsOf(TYPE.CAA, rdataOf(TYPE.CAA, ['0', 'issue', 'ca.example; x=y'], origin))).toEqual([
      '0',
      'issue',
      'ca.example; x=y',
    ]);
  });

  test('of a text that is too long for a string become several strings', () => {
    const items = itemsOf(TYPE.TXT, rdataOf(TYPE.TXT, ['x'.repeat(600)], origin));
    expect(items.map((item) => item.length)).toEqual([255, 255, 90]);
  });

  test('with names that have no final dot are relative', () => {
    expect(itemsOf(TYPE.MX, rdataOf(TYPE.MX, ['10', 'mail'], origin))).toEqual(['10', 'mail.example.org.']);
  });

  test('that would end a word, a line or the record are refused', () => {
    for (const item of ['192.0.2.1\nx', '192.0.2.1 ; y', '(192.0.2.1', '192.0.2.1\0', '192.0.2.1\\', '']) {
      expect(() => rdataOf(TYPE.A, [item], origin)).toThrow(RdataError);
    }
    expect(() => rdataOf(TYPE.A, ['192.0.2.1', '192.0.2.2'], origin)).toThrow(RdataError);
  });
});
