import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sortKey, zoneDigest } from '../../src/dns/canonical.js';
import { formatName, labelsOf, lowerName, parseName, type Name } from '../../src/dns/name.js';
import { parseZone } from '../../src/dns/zone-text/parser.js';
import { printZone } from '../../src/dns/zone-text/printer.js';
import { name, RDATA } from './arbitrary-rdata.js';

const HEAD = '$TTL 300\n@ SOA ns1 h 1 2 3 4 5\n@ NS ns1\nns1 A 192.0.2.1\n';
const digest = (text: string): string => zoneDigest(parseZone(text, 'example.org'));

/** RFC 4034 §6.1 as it is written: by label from the right, each as octets. Both names in lower case. */
function compareNames(a: Name, b: Name): number {
  const [left, right] = [labelsOf(a).reverse(), labelsOf(b).reverse()];
  for (const [i, x] of left.entries()) {
    const y = right[i];
    if (y === undefined) return 1;
    if (x !== y) return x < y ? -1 : 1;
  }
  return left.length - right.length;
}

describe('the digest is the same', () => {
  const zone = digest(`${HEAD}www 3600 IN MX 10 mail\nt TXT "a b"\n`);
  test.each([
    ['whatever the case of names', `${HEAD}WWW 3600 MX 10 MAIL.Example.Org.\nT TXT "a b"\n`],
    [
      'whatever the order',
      '$TTL 300\nt TXT "a b"\nns1 A 192.0.2.1\nwww 3600 MX 10 mail\n@ NS ns1\n@ SOA ns1 h 1 2 3 4 5\n',
    ],
    ['whatever the escapes', `${HEAD}w\\119w 3600 MX 10 mai\\108\nt TXT "a\\032b"\n`],
    ['whatever the units', `${HEAD}www 1H MX 10 mail\nt 5m TXT "a b"\n`],
    ['whatever the layout', `; c\n${HEAD}www (\n 3600 ) MX ( 10\n mail )\r\nt TXT ( ; c\n "a b" )`],
    ['with repeated records', `${HEAD}www 3600 MX 10 mail\nwww 3600 MX 10 Mail\nt TXT "a b"\n`],
    [
      'in the form of RFC 3597',
      `${HEAD}www 3600 CLASS1 TYPE15 \\# 20 000a 046d61696c 076578616d706c65 036f726700\nt TXT "a b"\n`,
    ],
  ])('%s', (_what, text) => expect(digest(text)).toBe(zone));

  test('for a zone that is printed and read again', () => {
    const records = fc
      .constantFrom('A', 'MX', 'TXT', 'SRV', 'CAA', 'HTTPS', 'RRSIG', 'NAPTR')
      .chain((type) =>
        fc.tuple(name, RDATA[type] ?? fc.constant('')).map(([owner, rdata]) => `${owner} ${type} ${rdata}\n`),
      );
    fc.assert(
      fc.property(fc.array(records, { maxLength: 20 }), (all) => {
        const zone = parseZone(Buffer.from(HEAD + all.join(''), 'latin1'), 'example.org');
        const again = parseZone(Buffer.from(printZone(zone), 'latin1'), 'example.org');
        expect(zoneDigest(again)).toBe(zoneDigest(zone));
      }),
    );
  });
});

describe('the digest differs', () => {
  const zone = digest(`${HEAD}a TXT "x"\n`);
  test.each([
    ['by a TTL', `${HEAD}a 301 TXT "x"\n`],
    ['by an owner', `${HEAD}b TXT "x"\n`],
    ['by the case of text', `${HEAD}a TXT "X"\n`],
    ['by how text is cut', `${HEAD}a TXT "x" ""\n`],
    ['by a record more', `${HEAD}a TXT "x"\na TXT "y"\n`],
    ['by the serial', HEAD.replace('1 2 3', '2 2 3') + 'a TXT "x"\n'],
  ])('%s', (_what, text) => expect(digest(text)).not.toBe(zone));
});

describe('canonical order', () => {
  test('names are in the order of RFC 4034 §6.1', () => {
    const names = ['example.', 'a.example.', 'yljkjljk.a.example.', 'Z.a.example.', 'zABC.a.EXAMPLE.', 'z.example.'];
    const more = ['\\001.z.example.', '*.z.example.', '\\200.z.example.'];
    const wire = [...names, ...more].map((text) => lowerName(parseName(text)));
    const sorted = [...wire].reverse().sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
    expect(sorted).toEqual(wire);
    expect([...wire].reverse().sort(compareNames)).toEqual(wire);
  });

  test('sort keys and comparison by labels agree', () => {
    const wire = name.map((text) => lowerName(parseName(text, parseName('example.org.'))));
    fc.assert(
      fc.property(wire, wire, (a, b) => {
        const [x, y] = [sortKey(a), sortKey(b)];
        expect(x === y ? 0 : x < y ? -1 : 1).toBe(Math.sign(compareNames(a, b)));
      }),
      { numRuns: 2000 },
    );
  });

  test('records go by owner, type, rdata', () => {
    const zone = parseZone(`${HEAD}b A 192.0.2.9\na MX 1 b\na A 192.0.2.10\na A 192.0.2.9\n`, 'example.org');
    const ordered = zone.records
      .map((record) => ({ ...record, owner: lowerName(record.owner) }))
      .sort((x, y) => compareNames(x.owner, y.owner) || x.type - y.type || (x.rdata < y.rdata ? -1 : 1));
    const order = ordered.map(({ owner, type }) => `${formatName(owner)} ${type}`);
    expect(order).toEqual([
      'example.org. 2',
      'example.org. 6',
      'a.example.org. 1',
      'a.example.org. 1',
      'a.example.org. 15',
      'b.example.org. 1',
      'ns1.example.org. 1',
    ]);
    const octets = ordered.map(({ owner, type, ttl, rdata }) => {
      const fixed = Buffer.alloc(10);
      fixed.writeUInt16BE(type, 0);
      fixed.writeUInt16BE(1, 2);
      fixed.writeUInt32BE(ttl, 4);
      fixed.writeUInt16BE(rdata.length, 8);
      return Buffer.concat([Buffer.from(owner, 'latin1'), fixed, Buffer.from(rdata, 'latin1')]);
    });
    expect(zoneDigest(zone)).toBe(createHash('sha256').update(Buffer.concat(octets)).digest('hex'));
  });
});
