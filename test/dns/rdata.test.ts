import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseZone } from '../../src/dns/zone-text/parser.js';
import { formatRecord } from '../../src/dns/zone-text/printer.js';
import { canonicalRdata, checkRdata, formatRdata } from '../../src/dns/rdata.js';
import { RdataError } from '../../src/dns/octets.js';
import type { ResourceRecord } from '../../src/dns/zone.js';
import { typeCode, typeName } from '../../src/dns/types.js';
import { RDATA } from './arbitrary-rdata.js';

function read(line: string): ResourceRecord {
  const record = parseZone(Buffer.from(`$TTL 300\n${line}\n`, 'latin1'), 'example.org').records[0];
  if (record === undefined) throw new Error(`no record in ${line}`);
  return record;
}

describe.each(Object.entries(RDATA))('%s', (type, rdata) => {
  test('text, wire and text again agree', () => {
    fc.assert(
      fc.property(rdata, (text) => {
        const record = read(`@ ${type} ${text}`);
        const again = read(formatRecord(record));
        expect(again).toEqual({ ...record, line: 2 });
        expect(formatRecord(again)).toBe(formatRecord(record));
      }),
      { numRuns: 60 },
    );
  });

  test('the form of RFC 3597 says the same', () => {
    fc.assert(
      fc.property(rdata, (text) => {
        const record = read(`@ ${type} ${text}`);
        const hex = Buffer.from(record.rdata, 'latin1').toString('hex');
        const code = typeCode(type) ?? 0;
        expect(read(`@ TYPE${code} \\# ${record.rdata.length} ${hex}`)).toEqual(record);
      }),
      { numRuns: 30 },
    );
  });

  test('octets cut short or with more behind are refused, or print to what reads back', () => {
    fc.assert(
      fc.property(
        rdata,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.string({ maxLength: 3 }),
        (text, part, more) => {
          const record = read(`@ ${type} ${text}`);
          const tail = Buffer.from(more).toString('latin1');
          const octets = record.rdata.slice(0, Math.floor(record.rdata.length * part)) + tail;
          try {
            checkRdata(record.type, octets);
          } catch (error) {
            expect(error).toBeInstanceOf(RdataError);
            expect(() => formatRdata(record.type, octets)).toThrow(RdataError);
            return;
          }
          formatRdata(record.type, octets);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('canonical form', () => {
  test.each(['NS', 'CNAME', 'SOA', 'MX', 'SRV', 'NAPTR', 'RP', 'DNAME', 'PTR', 'KX', 'RRSIG'])(
    '%s has its names in lower case',
    (type) => {
      const text: Record<string, string> = {
        SOA: 'A.B. C.D. 1 2 3 4 5',
        MX: '1 A.B.',
        SRV: '1 2 3 A.B.',
        NAPTR: '1 2 "S" "X" "" A.B.',
        RP: 'A.B. C.D.',
        KX: '1 A.B.',
        RRSIG: 'A 8 3 300 20300101000000 20200101000000 1 A.B. AQAB',
      };
      const { type: code, rdata } = read(`@ ${type} ${text[type] ?? 'A.B.'}`);
      expect(canonicalRdata(code, rdata)).toContain('\x01a\x01b\0');
      if (type === 'NAPTR') expect(canonicalRdata(code, rdata)).toContain('\x01S\x01X');
    },
  );

  test.each([
    ['NSEC', 'A.B. A'],
    ['SVCB', '1 A.B.'],
    ['LP', '1 A.B.'],
    ['TXT', '"A.B."'],
  ])('%s keeps its case (RFC 6840 §5.1, RFC 3597 §7)', (type, text) => {
    const { type: code, rdata } = read(`@ ${type} ${text}`);
    expect(canonicalRdata(code, rdata)).toBe(rdata);
  });
});

/** Of RFC 2874, obsolete by RFC 6563. */
const A6 = 38;

test('types without a spelling of their own are written as in RFC 3597', () => {
  expect(formatRdata(65280, '\x01\x02\xff')).toBe('\\# 3 0102FF');
  expect(formatRdata(65280, '')).toBe('\\# 0');
  expect(formatRdata(A6, '\x01')).toBe('\\# 1 01');
  expect(typeName(65280)).toBe('TYPE65280');
});
