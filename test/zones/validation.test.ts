import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { apexOf } from '../../src/dns/apex.js';
import { formatName, parseName } from '../../src/dns/name.js';
import type { Zone } from '../../src/dns/zone.js';
import { parseZone } from '../../src/dns/zone-text/parser.js';
import { LARGEST_ZONE, validateZone, withLiftedSerial } from '../../src/zones/validation.js';
import { zoneName } from '../../src/zones/zone-name.js';

const name = zoneName('a.example');
const rest = '@ NS ns1.example.net.\n';

function valid(text: string): ReturnType<typeof validateZone> {
  return validateZone(name, Buffer.from(text));
}

/** What a zone is beside its findings. */
function sameZone({ origin, records, serialAt }: Zone): Omit<Zone, 'warnings'> {
  return { origin, records, ...(serialAt === undefined ? {} : { serialAt }) };
}

function issuesOf(text: string): unknown {
  try {
    valid(text);
  } catch (error) {
    return (error as { issues: unknown }).issues;
  }
  throw new Error('it was not refused');
}

/** The files of this folder that are whole zones by themselves. */
const samples = readdirSync(new URL('./', import.meta.url))
  .filter((file) => file.endsWith('.zone'))
  .map((file) => ({ file, text: readFileSync(new URL(file, import.meta.url)) }))
  .filter(({ text }) => !/^\$INCLUDE/m.test(text.toString('latin1')))
  .map(({ file, text }) => ({
    file,
    text,
    apex: apexOf(text, parseName('example.org.')) ?? parseName('example.org.'),
  }));

const serials = fc.integer({ min: 0, max: 0xffffffff });

describe('a valid zone', () => {
  test('is what was given, octet for octet, with its serial and digest', () => {
    const text = Buffer.from(
      `; gr\xfc\xdfe\n$TTL 60\r\n@ SOA ns1.example.net. h.example.net. 7 1 1 1 1\n${rest}`,
      'latin1',
    );
    const zone = validateZone(name, text);
    expect(zone.text).toBe(text);
    expect(zone.serial).toBe(7);
    expect(zone.digest).toMatch(/^[0-9a-f]{64}$/);
  });

  test('has the same digest however it is spelled', () => {
    const one = valid(`$TTL 1h\n@ SOA ns1.example.net. h.example.net. 7 1 1 1 1\n${rest}www A 192.0.2.1\n`);
    const other = valid(
      `A.Example. 3600 IN SOA NS1.example.net. h.example.net. ( 7 1\n 1 1 1 )\nWWW.A.EXAMPLE. 3600 IN A 192.0.2.1 ; x\n@ 3600 NS ns1.example.net.\n`,
    );
    expect(other.digest).toBe(one.digest);
  });

  test('is refused with every finding, each with its place', () => {
    const soa = '@ 60 SOA ns1.example.net. h.example.net. 7 1 1 1 1\n';
    expect(issuesOf(`${soa}www 60 A 999.0.0.1\n${rest}x 60 NOTYPE y\n`)).toMatchObject([
      { zone: 'a.example', severity: 'error', line: 2, column: 10 },
      { line: 4 },
    ]);
    expect(issuesOf(`${soa}${rest}www 60 CNAME @\nwww 60 MX 1 mail.example.net.\n`)).toMatchObject([{ code: 'cname_and_other_data' }]);
  });

  test('never includes a file of this server', () => {
    expect(() => valid(`@ 60 SOA ns1.example.net. h.example.net. 7 1 1 1 1\n${rest}$INCLUDE /etc/hostname\n`)).toThrow(
      /line 3.*INCLUDE/i,
    );
  });

  test('has at most the largest size, and more is not read', () => {
    expect(() => validateZone(name, Buffer.alloc(LARGEST_ZONE + 1, '('))).toThrow(
      expect.objectContaining({ code: 'zone_too_large', status: 413 }),
    );
  });
});

describe('a lifted serial', () => {
  test('changes the digits of the serial and no other octet', () => {
    const before = `; serial 7 \xfc\n$TTL 7\n@ SOA ns7.example.net. h.example.net. ( ; 7\r\n\t7 ; the serial: 7\n\t7 7 7 7 )\n@ NS ns7.example.net.\n`;
    const lifted = withLiftedSerial(validateZone(name, Buffer.from(before, 'latin1')), 2026010102);
    expect(lifted.text.toString('latin1')).toBe(before.replace('\t7 ; the', '\t2026010102 ; the'));
  });

  test('holds for every sample zone: the same text, serial and digest as if it had been written so', () => {
    expect(samples.length).toBeGreaterThan(15);
    let lifted = 0;
    for (const { file, text, apex } of samples) {
      const named = zoneName(formatName(apex));
      let before;
      try {
        before = validateZone(named, text);
      } catch {
        continue; // Valid for the parser, but not to be served as it stands.
      }
      lifted++;
      const after = withLiftedSerial(before, 4_000_000_001);
      expect(after.serial, file).toBe(4_000_000_001);
      expect(after.digest, file).not.toBe(before.digest);
      expect(after.digest, file).toBe(validateZone(named, after.text).digest);
      expect(sameZone(after.zone), file).toEqual(sameZone(parseZone(after.text, named)));
      const back = withLiftedSerial(after, before.serial);
      expect(back.digest, file).toBe(before.digest);
    }
    expect(lifted).toBeGreaterThan(10);
  });

  test('of a zone whose SOA is spelled in hex (RFC 3597) prints the zone with it', () => {
    const soa = valid(`@ 60 SOA . . 7 1 1 1 1\n${rest.replace('@', '@ 60')}`);
    const hex = '00 00 00000007 00000001 00000001 00000001 00000001';
    const before = valid(`; my zone\n@ 60 TYPE6 \\# 22 ${hex}\n@ 60 NS ns1.example.net.\nx 60 TXT "\\200;"\n`);
    expect(before.zone.serialAt).toBeUndefined();
    expect(before.serial).toBe(soa.serial);
    const after = withLiftedSerial(before, 8);
    expect(after.serial).toBe(8);
    expect(after.digest).toBe(validateZone(name, after.text).digest);
    expect(withLiftedSerial(after, 7).digest).toBe(before.digest);
  });

  test('of a zone whose SOA is there twice stays one SOA', () => {
    const soa = '@ SOA ns1.example.net. h.example.net. 7 1 1 1 1\n';
    const before = valid(`$TTL 60\n${soa}${rest}${soa}`);
    const after = withLiftedSerial(before, 8);
    expect(validateZone(name, after.text)).toMatchObject({ serial: 8, digest: after.digest });
    expect(withLiftedSerial(after, 7).digest).toBe(before.digest);
  });

  test('of a zone that spells it with zeros in front is the one that its text says', () => {
    const before = valid(`$TTL 60\n@ SOA ns1.example.net. h.example.net. 0007 1 1 1 1\n${rest}`);
    const after = withLiftedSerial(before, 8);
    expect(validateZone(name, after.text)).toMatchObject({ serial: 8, digest: after.digest });
  });

  test('is any serial, after any other, and can be taken back octet for octet', () => {
    fc.assert(
      fc.property(serials, serials, (from, to) => {
        const before = valid(`$TTL 60\n@ SOA ns1.example.net. h.example.net. ${from} 1 1 1 1\n${rest}`);
        const after = withLiftedSerial(before, to);
        expect(after.serial).toBe(to);
        expect(sameZone(after.zone)).toEqual(sameZone(parseZone(after.text, name)));
        expect(withLiftedSerial(after, from).text).toEqual(before.text);
        expect(after.digest === before.digest).toBe(from === to);
      }),
      { numRuns: 200 },
    );
  });
});
