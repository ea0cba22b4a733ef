import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ClusterError, type ZoneIssue } from '../../src/errors.js';
import { checkZone } from '../../src/dns/check.js';
import { parseZone } from '../../src/dns/zone-text/parser.js';
import { printZone } from '../../src/dns/zone-text/printer.js';
import { needs, run } from '../needs.js';

const folder = mkdtempSync(join(tmpdir(), 'verdict-'));
afterAll(() => rmSync(folder, { recursive: true }));

const SOA = '$TTL 300\n@ SOA ns1 h 1 2 3 4 5\n';
const HEAD = `${SOA}@ NS ns1\nns1 A 192.0.2.1\n`;
const DIGEST = '2BB183AF5F22588179A53B0A98631FAD1A292118';
const DATES = '20300101000000 20200101000000';

/** Texts that follow a good SOA, NS and address. */
const ADDITIONS = [
  '',
  // Who may stand beside whom
  'c CNAME a\nc MX 10 ns1\n',
  'c TXT a\nc CNAME a\n',
  'c CNAME a\nc CNAME b\n',
  'c CNAME a\nc CNAME a\n',
  'c CNAME a\nc CNAME A\n',
  'c CNAME a\nc NSEC d CNAME\n',
  'c CNAME a\nc KEY 256 3 8 AQAB\n',
  `c CNAME a\nc RRSIG CNAME 8 3 300 ${DATES} 1 example.org. AQAB\n`,
  'c CNAME a\nc DNSKEY 256 3 8 AQAB\n',
  `c CNAME a\nc DS 1 8 1 ${DIGEST}\n`,
  '@ CNAME a\n',
  'c CNAME a\nc DNAME b\n',
  'c DNAME a\nc DNAME b\n',
  'd DNAME x.net.\na.d A 1.2.3.4\n',
  '@ DNAME x.net.\n',
  'd DNAME x.net.\nd NS ns1\n',
  '@ SOA ns1 h 2 2 3 4 5\n',
  '@ SOA ns1 h 1 2 3 4 5\n',
  'x SOA ns1 h 1 2 3 4 5\n',
  '* NS ns1\n',
  '* CNAME ns1\n',
  '* DNAME x.net.\n',
  'a.*.b A 1.2.3.4\n',
  `@ DS 1 8 1 ${DIGEST}\n`,
  `c DS 1 8 1 ${DIGEST}\n`,
  'c NSEC3 1 0 0 - 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR A\n',
  '2T7B4G4VSA5SMI47K61MV5BV1A22BOJR NSEC3 1 0 0 - 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR A\n',
  `@ CDS 1 8 1 ${DIGEST}\n`,
  `@ DNSKEY 257 3 8 AQABAQAB\n@ CDS 1 8 1 ${DIGEST}\n`,
  '@ CDS 0 0 0 00\n',
  '@ DNSKEY 257 3 8 AQABAQAB\n@ CDNSKEY 0 3 0 AA==\n@ CDNSKEY 257 3 8 AQABAQAB\n',
  '@ NSEC3PARAM 2 0 1 -\n',
  'm MD ns1\n',
  // Targets
  'm MX 10 1.2.3.4\n',
  'm MX 10 c\nc CNAME ns1\n',
  'm MX 10 zz\n',
  '_s._tcp SRV 1 1 1 c\nc CNAME ns1\n',
  'd NS ns.d\n',
  'd NS ns77\n',
  'd NS c\nc CNAME ns1\n',
  'd NS 1.2.3.4\n',
  'a_b A 1.2.3.4\n',
  // Spelling
  'c A 1.2.3.4 x\n',
  'c A 01.2.3.4\n',
  'c A 1.2.3\n',
  'c AAAA 1::2%lo\n',
  'c AAAA 1:::2\n',
  'c MX ns1\n',
  'c MX 65536 ns1\n',
  'c MX 10 "ns1"\n',
  '"c" A 1.2.3.4\n',
  'c "A" 1.2.3.4\n',
  'c TXT\n',
  `c TXT "${'x'.repeat(256)}"\n`,
  `c TXT "${'x'.repeat(255)}"\n`,
  'c TXT "a\n',
  'c TXT "a\\\nb"\n',
  'c A ( 1.2.3.4\n',
  'c A 1.2.3.4 )\n',
  'c A 1.2.3.4\rd A 1.2.3.5\n',
  'c A 1.2.3.4\0\n',
  '\\[x1 A 1.2.3.4\n',
  'a\\04 A 1.2.3.4\n',
  'a\\256 A 1.2.3.4\n',
  'a..b A 1.2.3.4\n',
  '.a A 1.2.3.4\n',
  `${'a'.repeat(64)} A 1.2.3.4\n`,
  `${'a.'.repeat(122)}x A 1.2.3.4\n`,
  `${'a.'.repeat(119)}x A 1.2.3.4\n`,
  'c NOTYPE x\n',
  'c IN\n',
  'c CH A 1.2.3.4\n',
  'c CLASS1 A 1.2.3.4\n',
  'c 1h2 A 1.2.3.4\n',
  'c 4294967296 A 1.2.3.4\n',
  'c TYPE255 \\# 0\n',
  'c TYPE0 \\# 0\n',
  'c TYPE65536 \\# 0\n',
  'c NULL \\# 1 00\n',
  'c NULL abc\n',
  'c A \\# 0\n',
  'c MX \\# 4 00010000\n',
  'c TYPE65280 \\# 1 0 0\n',
  'c TYPE65280 \\# 2 00\n',
  'c DS 1 8 1 00\n',
  'c CAA 0 is-sue ""\n',
  'c URI 1 1 a\n',
  'c NAPTR 1 1 "s" "a" "!a!" .\n',
  'c NAPTR 1 1 "s" "a" "!(a)!\\\\2!" .\n',
  'c SVCB 1 . mandatory=alpn\n',
  'c SVCB 1 . no-default-alpn\n',
  'c SVCB 1 . alpn=\n',
  'c SVCB 1 . alpn=h2 alpn=h3\n',
  'c SVCB 1 . key07=a\n',
  'c SVCB 1 . key7=a\n',
  'c SVCB 1 . ipv4hint=1.2.3.4,\n',
  'c LOC 90 0 0.001 N 0 E 0m\n',
  'c LOC 1 N 0 E 1.234m\n',
  `c RRSIG A 8 1 300 ${DATES} 1 example.org. AQAB\n`,
  'c WKS 1.2.3.4 tcp ftp smtp\n',
  // Directives
  '$ORIGIN a junk\n',
  '$TTL 300 junk\n',
  '$TTL x\n',
  '$NONSENSE\n',
  '$DATE 20200101000000\n',
  '$GENERATE 1-2 a$ A 1.2.3.$ junk\n',
  '$GENERATE 1-2 a$ IN 300 A 1.2.3.$\n',
  '$GENERATE 2-1 a$ A 1.2.3.4\n',
  '$GENERATE 1-2/0 a$ A 1.2.3.4\n',
  '$GENERATE 1-2 a${1,3 A 1.2.3.4\n',
  '$GENERATE 1-2 a${-5,4,d} A 1.2.3.$\n',
  '$GENERATE 1-2 a${0,7,N} A 1.2.3.$\n',
  '$GENERATE 1-2 a${-5,4,x} A 1.2.3.$\n',
  '$GENERATE 250-260/3 a${0,4,X} A 1.2.3.4\n',
  '$GENERATE 1-2 a$ TXT a$$b\n',
  '$GENERATE 1-2 a$ TXT "\\"x $\\""\n',
  '$GENERATE 1-2 a\\$$ TXT x\n',
  '$GENERATE 1-2 a$ MX "10 m$"\n',
  '$GENERATE 1-2 a$ MX 10 m$\n',
  '$GENERATE 0-300/100 ${0,3,o}.x TXT ${10,6,d}\n',
];

/** Whole texts. */
const TEXTS = [
  ...ADDITIONS.map((text) => HEAD + text),
  '',
  '; nothing\n',
  SOA,
  '$TTL 300\n@ NS ns1\nns1 A 1.2.3.4\n',
  `${SOA}@ NS ns9\n`,
  `${SOA}@ NS ns9\nns9 CNAME x.example.net.\n`,
  `${SOA}@ NS ns9\n@ NS ns1\nns1 A 1.2.3.4\n`,
  `${SOA}@ NS ns.d\nd DNAME example.net.\n`,
  `${SOA}@ NS ns.d\nd NS x.example.net.\n`,
  `${SOA}@ NS ns.d\n* A 1.2.3.4\n`,
  `${SOA}@ NS ns.d\nx.d TXT a\n* A 1.2.3.4\n`,
  `${SOA}@ NS d\nx.d TXT a\n* A 1.2.3.4\n`,
  `${SOA}@ NS ns.d\n* CNAME x\n`,
  `${SOA}@ NS 1.2.3.4\n`,
  `${SOA}@ NS 1.2.3.4.\n`,
  `${SOA}@ NS .\n`,
  `${SOA}@ NS @\n`,
  `${SOA}@ NS @\n@ AAAA ::1\n`,
  '@ SOA ns1 h 1 2 3 4 5\n NS ns1\nns1 A 192.0.2.1\n',
  '@ SOA ns1 h 1 2 3 4 5\n 60 NS ns1\nns1 A 192.0.2.1\n',
  '@ 60 SOA ns1 h 1 2 3 4 5\n NS ns1\nns1 70 A 192.0.2.1\nx TXT a\n',
  '@ NS ns1\n@ 60 SOA ns1 h 1 2 3 4 5\nns1 A 192.0.2.1\n',
  ' SOA ns1 h 1 2 3 4 5\n',
  '@ 60 SOA ns1 h 1 1w2d 3H 4m 5s\n NS ns1\nns1 A 192.0.2.1\n',
];

/** Where BIND quietly serves something else than what is written, we refuse. */
const STRICTER = [
  'x.example.net. A 1.2.3.4\n', // it leaves the record out
  'x 2147483648 A 1.2.3.4\n', // it serves it with TTL 0
  '$TTL 2147483648\nx A 1.2.3.4\n',
].map((text) => HEAD + text);

interface Verdict {
  accepted: boolean;
  printed: string;
}

function ours(text: string): Verdict {
  try {
    const zone = parseZone(Buffer.from(text, 'latin1'), 'example.org');
    const accepted = !checkZone(zone, 'example.org').some(({ severity }) => severity === 'error');
    return { accepted, printed: accepted ? printZone(zone) : '' };
  } catch (error) {
    if (error instanceof ClusterError) return { accepted: false, printed: '' };
    throw error;
  }
}

function theirs(text: string): Verdict {
  const file = join(folder, 'zone');
  const dump = join(folder, 'dump');
  writeFileSync(file, text, 'latin1');
  try {
    run('named-checkzone', '-q', '-i', 'local', '-s', 'full', '-o', dump, 'example.org', file);
    const options = ['-q', '-i', 'none', '-k', 'ignore', '-n', 'ignore', '-s', 'full', '-o', '-'];
    const printed = run('named-compilezone', ...options, 'example.org', file).replace(/^; resign=.*\n/gm, '');
    return { accepted: true, printed };
  } catch {
    return { accepted: false, printed: '' };
  }
}

describe.skipIf(!needs('named-checkzone', 'named-compilezone'))('beside named-checkzone', () => {
  test.each(TEXTS)('the verdict is the same, and so is the zone: %j', (text) => {
    expect(ours(text)).toEqual(theirs(text));
  });

  test.each(STRICTER)('stricter than BIND, which serves another zone than the one written: %j', (text) => {
    expect(theirs(text).accepted).toBe(true);
    expect(ours(text).accepted).toBe(false);
  });
});

describe('the findings of checkZone', () => {
  const findings = (text: string): ZoneIssue[] => checkZone(parseZone(text, 'example.org'), 'example.org');

  test.each([
    ['error', 'out_of_zone', 5, 'x.example.net. A 1.2.3.4\n'],
    ['error', 'cname_and_other_data', 6, 'c CNAME a\nc MX 10 ns1\n'],
    ['error', 'several_cname', 6, 'c CNAME a\nc CNAME b\n'],
    ['error', 'several_soa', 5, '@ SOA ns1 h 2 2 3 4 5\n'],
    ['error', 'wildcard_ns', 5, '* NS ns1\n'],
    ['error', 'ns_unusable', 5, '@ NS ns9\n'],
    ['warning', 'target_unusable', 5, 'm MX 10 zz\n'],
    ['warning', 'target_unusable', 5, '_s._tcp SRV 1 1 1 c\nc CNAME ns1\n'],
    ['warning', 'target_is_address', 5, 'm MX 10 1.2.3.4.\n'],
    ['warning', 'no_glue', 5, 'd NS ns.d\n'],
    ['warning', 'below_dname', 6, 'd DNAME x.net.\na.d A 1.2.3.4\n'],
    ['warning', 'not_a_host_name', 5, 'a_b A 1.2.3.4\n'],
  ])('%s %s is placed at line %i', (severity, code, line, text) => {
    expect(findings(HEAD + text)).toContainEqual(
      expect.objectContaining({ severity, code, line, zone: 'example.org' }),
    );
  });

  test('many warnings hide no error', () => {
    const found = findings(
      `${HEAD}${Array.from({ length: 300 }, (_, i) => `a_${i} A 1.2.3.4\n`).join('')}c CNAME a\nc TXT x\n`,
    );
    expect(found).toHaveLength(100);
    expect(found[0]).toMatchObject({ severity: 'error', code: 'cname_and_other_data', line: 306 });
  });

  test('a good zone has none', () => {
    expect(findings(`${HEAD}d NS ns.d\nns.d A 1.2.3.4\n*.w MX 10 ns1\n_x._tcp SRV 0 0 1 ns1\nm MX 0 .\n`)).toEqual([]);
  });
});
