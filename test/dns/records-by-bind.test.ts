import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { parseZone } from '../../src/dns/zone-text/parser.js';
import { printZone } from '../../src/dns/zone-text/printer.js';
import { formatRdata } from '../../src/dns/rdata.js';
import { typeName } from '../../src/dns/types.js';
import { needs, run } from '../needs.js';
import { name, RDATA } from './arbitrary-rdata.js';

const folder = mkdtempSync(join(tmpdir(), 'records-'));
afterAll(() => rmSync(folder, { recursive: true }));

const HEAD = '$TTL 300\n@ SOA ns1 h 1 2 3 4 5\n@ NS ns1\nns1 A 192.0.2.1\n';
/** BIND refuses zones that hold these, so that it cannot be asked how it prints them. */
const REFUSED_BY_BIND = new Set(['MD', 'MF']);
/** NSEC3 stands at hashed names only. */
const HASH = '2T7B4G4VSA5SMI47K61MV5BV1A22BOJR';

/** What named-compilezone prints of a text, without its comments on when signatures are to be renewed. */
function compiled(text: string): string {
  const file = join(folder, 'zone');
  writeFileSync(file, text, 'latin1');
  const options = ['-q', '-i', 'none', '-k', 'ignore', '-s', 'full', '-o', '-'];
  return run('named-compilezone', ...options, 'example.org', file).replace(/^; resign=.*\n/gm, '');
}

function printed(text: string): string {
  return printZone(parseZone(Buffer.from(text, 'latin1'), 'example.org'));
}

/** One zone with many records of the type, each at a name of its own. */
function zoneOf(type: string, rdata: readonly string[]): string {
  if (type === 'SOA') return `$TTL 300\n@ SOA ${rdata[0] ?? ''}\n@ NS ns1.example.net.\n`;
  if (type === 'NSEC3') return `${HEAD}${HASH} NSEC3 ${rdata[0] ?? ''}\n`;
  return HEAD + rdata.map((text, i) => `n${i} ${type} ${text}\n`).join('');
}

/** Has the type a form of its own, or is its rdata written as in RFC 3597? */
function hasSpelling(type: number): boolean {
  try {
    return formatRdata(type, '') !== '\\# 0';
  } catch {
    return true;
  }
}

test('every type that has a spelling of its own is tested', () => {
  const spelled = Array.from({ length: 65_536 }, (_, type) => type).filter(hasSpelling);
  expect(spelled.length).toBeGreaterThan(50);
  expect(spelled.map(typeName).filter((type) => RDATA[type] === undefined)).toEqual([]);
});

describe.skipIf(!needs('named-compilezone'))('beside named-compilezone', () => {
  const types = Object.entries(RDATA).filter(([type]) => !REFUSED_BY_BIND.has(type));

  test.each(types)('%s is read and printed to the same octets', (type, rdata) => {
    const law = fc.property(fc.array(rdata, { minLength: 30, maxLength: 40 }), (all) => {
      const text = zoneOf(type, all);
      expect(printed(text)).toBe(compiled(text));
    });
    fc.assert(law, { numRuns: 2 });
  });

  test('zones of many types and names are ordered and grouped the same', () => {
    const kinds = ['A', 'AAAA', 'TXT', 'MX', 'SRV', 'CAA', 'PTR', 'TYPE65280', 'RRSIG', 'TLSA', 'NAPTR', 'RP', 'HINFO'];
    const record = fc.constantFrom(...kinds).chain((type) =>
      fc
        .tuple(
          fc.oneof(
            fc.constantFrom('a', 'A', 'b.a', 'B.A', '*', '@'),
            name.filter((text) => !text.endsWith('.')),
          ),
          fc.constantFrom('', '60', '1h'),
          RDATA[type] ?? fc.constant(''),
        )
        .map(([owner, ttl, rdata]) => `${owner} ${ttl} ${type} ${rdata}\n`),
    );
    const law = fc.property(fc.array(record, { minLength: 40, maxLength: 60 }), (records) => {
      const text = HEAD + records.join('');
      expect(printed(text)).toBe(compiled(text));
    });
    fc.assert(law, { numRuns: 15 });
  });

  test('TTLs of an RRset that is written in several places are those that BIND serves', () => {
    const line = fc.tuple(
      fc.constantFrom('c', 'C', 'n.c', 'd', ' '),
      fc.constantFrom('', '60', '70', '80'),
      fc.constantFrom('TXT a', 'TXT b', 'NS n.c', 'NS N.C', 'MX 1 a', 'MX 1 A', 'A 192.0.2.1', 'A 192.0.2.2'),
    );
    const law = fc.property(fc.array(line, { minLength: 3, maxLength: 14 }), (lines) => {
      const text = HEAD + lines.map((parts) => parts.join(' ')).join('\n') + '\n';
      expect(printed(text)).toBe(compiled(text));
    });
    fc.assert(law, { numRuns: 150 });
  });
});
