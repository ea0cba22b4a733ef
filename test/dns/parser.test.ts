import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { ClusterError, type ZoneIssue } from '../../src/errors.js';
import { checkZone } from '../../src/dns/check.js';
import { parseZone, type ParseOptions } from '../../src/dns/zone-text/parser.js';
import { formatRecord } from '../../src/dns/zone-text/printer.js';

const HEAD = '$TTL 300\n@ SOA ns1 h 1 2 3 4 5\n@ NS ns1\nns1 A 192.0.2.1\n';

/** The errors of a text that is refused, as line:column and message. */
function errorsOf(text: string | Buffer, options?: ParseOptions): ZoneIssue[] {
  try {
    parseZone(text, 'example.org', options);
  } catch (error) {
    if (error instanceof ClusterError && error.code === 'zone_invalid') return [...error.issues];
    throw error;
  }
  return [];
}

function lines(text: string, options?: ParseOptions): string[] {
  const { records } = parseZone(text, 'example.org', options);
  return records.map((record) => formatRecord(record).replace(/\s+/g, ' '));
}

describe('errors', () => {
  test.each([
    ['the word at fault', 'www A 192.0.2.300\n', 5, 7, /address/],
    ['an unknown type', 'www  NOPE x\n', 5, 6, /"NOPE" is not a record type/],
    ['a missing word, behind the last', 'www MX 10\n', 5, 10, /expected the mail exchanger/],
    ['a word too many', 'www A 192.0.2.1 x\n', 5, 17, /should end before/],
    ['the line inside parentheses', 'www MX (\n  ten\n  mail )\n', 6, 3, /preference/],
    ['a parenthesis that is never closed', 'www A ( 192.0.2.1\nx A 192.0.2.2\n', 5, 7, /never closed/],
    ['a parenthesis that closes nothing', 'www A 192.0.2.1 )\n', 5, 17, /closes nothing/],
    ['quotes that are never closed', 'www TXT "abc\n', 5, 9, /never closed/],
    ['a name that is not one', 'a..b A 192.0.2.1\n', 5, 1, /empty label/],
    ['a string that is too long', `www TXT "${'x'.repeat(256)}"\n`, 5, 10, /at most 255/],
    ['characters, not octets', 'www TXT "bücher" ünicode "x\n', 5, 26, /never closed/],
    ['a directive that is not known', '$INCLUED x\n', 5, 1, /not a directive/],
    ['$INCLUDE, which is not allowed', '$INCLUDE /etc/passwd\n', 5, 10, /not allowed/],
    ['a second class', 'www IN CH A 192.0.2.1\n', 5, 8, /not a record type/],
    ['an SOA below the top', 'www SOA a b 1 2 3 4 5\n', 5, 21, /top of the zone/],
  ])('tell the place of %s', (_what, text, line, column, message) => {
    const [first] = errorsOf(HEAD + text);
    expect(first).toMatchObject({ severity: 'error', zone: 'example.org', line, column });
    expect(first?.message).toMatch(message);
  });

  test('are all told, and the good records between them do no harm', () => {
    const found = errorsOf(`${HEAD}a A x\nb A 192.0.2.1\nc A y\nd MX (\n z\n) \ne AAAA 1.2.3.4\n`);
    expect(found.map(({ line, column }) => [line, column])).toEqual([
      [5, 5],
      [7, 5],
      [9, 2],
      [11, 8],
    ]);
  });

  test('are at most 100', () => {
    expect(errorsOf(HEAD + 'a A x\n'.repeat(1000))).toHaveLength(100);
  });

  test('a lack of any TTL is told', () => {
    expect(errorsOf('@ NS ns1\n')[0]).toMatchObject({ code: 'no_ttl', line: 1 });
  });
});

describe('limits', () => {
  test('$GENERATE makes 65,536 records and not one more', () => {
    expect(lines(`${HEAD}$GENERATE 0-65535 h$ A 192.0.2.1\n`)).toHaveLength(65_539);
    expect(errorsOf(`${HEAD}$GENERATE 0-65536 h$ A 192.0.2.1\n`)[0]).toMatchObject({ code: 'generate_range', line: 5 });
  });

  test('records that many lines of $GENERATE make are bounded, even where they repeat each other', () => {
    const text = HEAD + '$GENERATE 0-65535 h TXT x\n'.repeat(20);
    expect(errorsOf(text).at(-1)).toMatchObject({ code: 'too_many_records' });
  });

  test('parentheses do not nest without end', () => {
    expect(errorsOf(`${HEAD}a A ${'('.repeat(100_000)}\n`)[0]).toMatchObject({ code: 'unbalanced_parentheses' });
  });

  test('a word has an end', () => {
    expect(errorsOf(`${HEAD}a A ${'1'.repeat(200_000)}\n`)[0]).toMatchObject({
      code: 'word_too_long',
      line: 5,
      column: 5,
    });
  });
});

describe('the time a text takes', () => {
  /** Seconds to read a text that someone made to be slow; an hour's work for code that is quadratic in it. */
  const seconds = (text: string): number => {
    const start = performance.now();
    try {
      checkZone(parseZone(text, 'example.org'), 'example.org');
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
    }
    return (performance.now() - start) / 1000;
  };

  test.each([
    ['errors behind very many lines', `${HEAD}${'\n'.repeat(2_000_000)}${'a A x\n'.repeat(100)}`],
    ['one line without end', `${HEAD}${'a TXT x\r'.repeat(200_000)}${'b A x\r'.repeat(100)}`],
    ['very many records of one name', `${HEAD}${Array.from({ length: 100_000 }, (_, i) => `a TXT ${i}\n`).join('')}`],
    ['very many CNAMEs of one name', `${HEAD}${Array.from({ length: 100_000 }, (_, i) => `a CNAME b${i}\n`).join('')}`],
    [
      'very many targets at a name of very many records',
      `${HEAD}${Array.from({ length: 50_000 }, (_, i) => `a TXT ${i}\nb MX ${i} a\nc A 10.0.${i >> 8}.${i & 255}\n`).join('')}`,
    ],
    [
      'TTLs that change with each record',
      `${HEAD}${Array.from({ length: 50_000 }, (_, i) => `a ${i} TXT ${i}\nb A 192.0.2.1\n`).join('')}`,
    ],
  ])('is short: %s', (_what, text) => expect(seconds(text)).toBeLessThan(10));
});

describe('what the text says', () => {
  test('the serial is found where it stands', () => {
    const text = '; é\n$TTL 60\n@ SOA ns1 h (\n  2024010101 ; serial\n  1 2 3 4 )\n@ NS ns1\n';
    const { serialAt } = parseZone(text, 'example.org');
    expect(Buffer.from(text).subarray(serialAt?.start, serialAt?.end).toString()).toBe('2024010101');
  });

  test('a string is UTF-8, a buffer is octets', () => {
    const octets = Buffer.from(`${HEAD}c TXT "é"\n`, 'utf8');
    expect(parseZone(octets, 'example.org').records.at(-1)?.rdata).toBe('\x02\xc3\xa9');
    expect(parseZone(octets.toString(), 'example.org').records.at(-1)?.rdata).toBe('\x02\xc3\xa9');
    expect(parseZone(Buffer.from(`${HEAD}c TXT "\xe9"\n`, 'latin1'), 'example.org').records.at(-1)?.rdata).toBe(
      '\x01\xe9',
    );
  });

  test('records keep the line on which they begin', () => {
    const text = `${HEAD}\n; comment\na A (\n 192.0.2.1 )\n\n  TXT x\r\nb A 192.0.2.2`;
    expect(parseZone(text, 'example.org').records.map(({ line }) => line)).toEqual([2, 3, 4, 7, 10, 11]);
  });

  test('a TTL that differs inside an RRset is a warning', () => {
    const { warnings, records } = parseZone(`${HEAD}a 60 A 192.0.2.1\na 70 A 192.0.2.2\n`, 'example.org');
    expect(warnings).toMatchObject([{ severity: 'warning', code: 'ttl_differs', line: 6 }]);
    expect(records.slice(-2).map(({ ttl }) => ttl)).toEqual([60, 60]);
  });
});

describe('$INCLUDE', () => {
  const folder = mkdtempSync(join(tmpdir(), 'include-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const inside = join(folder, 'zones');
  mkdirSync(join(inside, 'deeper'), { recursive: true });
  writeFileSync(join(folder, 'secret'), 'secret TXT "secret"\n');
  writeFileSync(join(inside, 'more'), '@ TXT "more"\n TXT "again"\n$TTL 7\nx A 192.0.2.7\n');
  writeFileSync(join(inside, 'deeper', 'wrong'), '\nx A y\n');
  writeFileSync(join(inside, 'itself'), '$INCLUDE itself\n$INCLUDE itself\n');
  symlinkSync(join(folder, 'secret'), join(inside, 'link'));
  const include = { include: inside };

  test('reads a file of the folder with its own origin, and goes on behind it', () => {
    expect(lines(`${HEAD}a TXT a\n$INCLUDE more sub\n TXT b\nc TXT c\n`, include).slice(3)).toEqual([
      'a.example.org. 7 IN TXT "a"', // the TTL of the later half of its RRset, as BIND has it
      'sub.example.org. 300 IN TXT "more"',
      'sub.example.org. 300 IN TXT "again"',
      'x.sub.example.org. 7 IN A 192.0.2.7',
      'a.example.org. 7 IN TXT "b"',
      'c.example.org. 7 IN TXT "c"',
    ]);
  });

  test.each(['../secret', 'deeper/../../secret', '/etc/hostname', 'link', 'missing', 'deeper', '.'])(
    '%s is refused',
    (path) => {
      const found = errorsOf(`${HEAD}$INCLUDE "${path}"\n`, include);
      expect(found).toMatchObject([{ code: 'include', line: 5, column: 11 }]);
      expect(JSON.stringify(found)).not.toContain(folder);
    },
  );

  test('errors inside tell the file', () => {
    const [first] = errorsOf(`${HEAD}$INCLUDE deeper/wrong\n`, include);
    expect(first).toMatchObject({ line: 2, column: 5 });
    expect(first?.message).toContain('deeper/wrong');
  });

  test('files that include each other come to an end', () => {
    expect(errorsOf(`${HEAD}$INCLUDE itself\n`, include)[0]).toMatchObject({ code: 'include' });
  });
});

describe('whatever the octets', () => {
  const survives = (octets: Uint8Array): void => {
    try {
      parseZone(Buffer.from(octets), 'example.org').records.forEach(formatRecord);
    } catch (error) {
      if (!(error instanceof ClusterError) || error.code !== 'zone_invalid') throw error;
      expect(error.issues.length).toBeGreaterThan(0);
    }
  };

  test('the parser answers with a zone or with issues', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), survives), { numRuns: 2000 });
  });

  test('also where the octets look like a zone', () => {
    const piece = fc.constantFrom(
      ...['@', 'a', '\\', '\\0', '\\001', '\\999', '"', '(', ')', ';', '\n', '\r', '\t', ' ', '\0', '.', '..', '\xff'],
      ...[
        '$ORIGIN',
        '$TTL',
        '$GENERATE',
        '$INCLUDE',
        '1-9',
        '$',
        '${',
        '${0,3,x}',
        '\\#',
        '4',
        '00',
        '300',
        'IN',
        'CH',
      ],
      ...[
        'A',
        'MX',
        'SOA',
        'TXT',
        'SVCB',
        'alpn=',
        'LOC',
        'NSEC3',
        'RRSIG',
        'HIP',
        'APL',
        'TYPE0',
        'TYPE65535',
        '192.0.2.1',
      ],
    );
    const text = fc
      .array(fc.tuple(piece, fc.constantFrom('', ' ')), { maxLength: 60 })
      .map((all) => all.flat().join(''));
    fc.assert(
      fc.property(text, (words) => survives(Buffer.from(HEAD + words, 'latin1'))),
      { numRuns: 3000 },
    );
  });
});
