import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseName } from '../../src/dns/name.js';
import { parseZone } from '../../src/dns/zone-text/parser.js';
import { rdataOf } from '../../src/dns/rdata-items.js';
import { TYPE } from '../../src/dns/types.js';
import { editedLines, editZone, type NewRecord, type ZoneEdit } from '../../src/zones/zone-edit.js';
import { isClusterError } from '../../src/errors.js';
import { validateZone, type ValidZone } from '../../src/zones/validation.js';
import { linesByIndex, readZoneLines, type ChangeableLine, type ZoneLine } from '../../src/zones/zone-lines.js';
import { zoneName } from '../../src/zones/zone-name.js';

const zone = zoneName('a.example');
const origin = parseName('a.example.');

/* Zones as people write them: owners and TTLs left out, parentheses, comments, directives in the middle. */
const owner = fc.constantFrom('@', 'www', 'WWW', 'deep.sub', '*', 'x\\.y', 'other.a.example.');
const ttl = fc.constantFrom('', '60 ', '300 ', '1h ');
const rdata = fc.constantFrom(
  'A 192.0.2.1',
  'A ( 192.0.2.2 ; in the middle\n )',
  'TXT "a;b" plain "q\\"r"',
  'MX 10 mail',
  'TXT ( "one"\n\n  "two" )',
);
const record = fc
  .tuple(fc.oneof(owner, fc.constant('')), ttl, fc.constantFrom('', 'IN '), rdata, fc.constantFrom('', ' ; said \u00e0'))
  .map(([name, seconds, group, data, comment]) => `${name} ${seconds}${group}${data}${comment}`);
const line = fc.oneof(
  { weight: 8, arbitrary: record },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      '; a comment',
      '',
      '   ; and "another (',
      '$TTL 900',
      '$TTL 60',
      '$ORIGIN sub.a.example.',
      '$ORIGIN a.example.',
      '$GENERATE 1-3 g$ A 192.0.2.$',
      '$GENERATE 1-2 g$ 300 A 192.0.2.$',
    ),
  },
);
const soa = fc.constantFrom(
  '@ SOA ns1.example.net. h.example.net. 7 1 1 1 60',
  '@ 300 IN SOA ns1.example.net. h.example.net. (\n  7 ; serial\n 1 1 1 900 )',
);
const text = fc
  .tuple(
    fc.constantFrom('', '$TTL 300', '; top\n$TTL 60'),
    soa,
    fc.array(line, { maxLength: 14 }),
    fc.constantFrom('\n', '\r\n'),
    fc.boolean(),
  )
  .map(([head, top, lines, end, isEnded]) => {
    const all = [...(head === '' ? [] : [head]), top, '@ NS ns1.example.net.', ...lines].join('\n');
    return Buffer.from((all + (isEnded ? '\n' : '')).replaceAll('\n', end));
  });
const newRecord: fc.Arbitrary<NewRecord> = fc
  .tuple(owner, fc.constantFrom(60, 300, 900, 5), fc.constantFrom<[number, string[]]>([TYPE.A, ['192.0.2.9']], [TYPE.TXT, ['new "text"; é\n', '']]))
  .map(([name, seconds, [type, items]]) => ({
    owner: parseName(name, origin),
    ttl: seconds,
    type,
    rdata: rdataOf(type, items, origin),
  }));
/** What becomes of each line, taken in turn for records and comments. */
const fates = fc.array(fc.oneof({ weight: 4, arbitrary: fc.constant('kept' as const) }, { weight: 2, arbitrary: fc.constant('removed' as const) }, { weight: 1, arbitrary: newRecord }), {
  minLength: 1,
  maxLength: 20,
});

/** The text after an edit. */
const editText = (before: Buffer, lines: readonly ZoneLine[], edit: ZoneEdit): Buffer =>
  Buffer.concat(editedLines(before, lines, edit).map(({ octets: some }) => some));
const octets = (from: Buffer, { start, end }: ZoneLine): string => from.toString('latin1', start, end);
const isOurs = ({ kind }: ZoneLine): boolean => kind !== 'comment';
/** What a line makes: a record, or the TTL of what `$GENERATE` makes. */
function madeBy(given: ZoneLine): NewRecord | number | string {
  if (given.kind === 'record') return { owner: given.owner, ttl: given.head.ttl, type: given.type, rdata: given.rdata };
  return given.kind === 'control' ? (given.head?.ttl ?? given.directive) : '';
}
const madeOf = (lines: readonly ZoneLine[]): (NewRecord | number | string)[] => lines.filter(isOurs).map(madeBy);
const setOf = (records: readonly { owner: string; type: number; rdata: string }[]): Set<string> =>
  new Set(records.map((r) => JSON.stringify([r.owner.toLowerCase(), r.type, r.rdata.toLowerCase()])));

describe('an edit of a zone text', () => {
  test('gives exactly the records that were asked for, whatever they inherit, and keeps all other lines', () => {
    fc.assert(
      fc.property(text, fates, fc.array(newRecord, { maxLength: 3 }), (before, turns, added) => {
        const lines = readZoneLines(before, zone);
        const changed = new Map<ChangeableLine, NewRecord | 'removed'>();
        lines.forEach((given, i) => {
          const fate = turns[i % turns.length] ?? 'kept';
          if (fate === 'kept' || given.kind === 'control' || (fate !== 'removed' && given.kind === 'comment')) return;
          changed.set(given, fate);
        });
        const after = editText(before, lines, { changed, added });
        const expected = lines.flatMap((given) => {
          const change = given.kind === 'control' ? undefined : changed.get(given);
          if (change === 'removed' || !isOurs(given)) return [];
          return [change ?? madeBy(given)];
        });
        const result = readZoneLines(after, zone);
        expect(madeOf(result)).toEqual([...expected, ...added]);
        if (!before.includes('$GENERATE')) {
          const wanted = [...expected, ...added].filter((made) => typeof made === 'object');
          expect(setOf(parseZone(after, zone).records)).toEqual(setOf(wanted));
        }

        const goes = (given: ZoneLine): boolean => given.kind !== 'control' && changed.get(given) === 'removed';
        const stays = (given: ZoneLine): boolean => given.kind === 'control' || !changed.has(given);
        const kept = lines.filter(stays);
        const stayed = result.filter((_, i) => i < lines.length - [...changed.values()].filter((c) => c === 'removed').length);
        const untouched = stayed.filter((_, i) => {
          const source = lines.filter((given) => !goes(given))[i];
          return source !== undefined && stays(source);
        });
        const altered = kept.filter((given, i) => {
          const now = untouched[i];
          const ending = i === kept.length - 1 ? /[\r\n]+$/ : /$^/;
          return now === undefined || octets(after, now).replace(ending, '') !== octets(before, given).replace(ending, '');
        });
        // Only what inherits may be written out, and only right behind a change.
        for (const given of altered) expect(given.kind).not.toBe('comment');
        // Behind $GENERATE a line inherits from the one before it, so more may follow.
        if (!before.includes('$GENERATE')) expect(altered.length).toBeLessThanOrEqual(2 * changed.size);
      }),
      { numRuns: 1_500 },
    );
  });

  test('says of the text after it what reading that text again says, also what is wrong with it and where', () => {
    const soaItems = (serial: number): string[] => ['ns1', 'h', String(serial), '1', '1', '1', '60'];
    const anyRecord = fc.oneof(
      newRecord,
      fc
        .tuple(
          owner,
          fc.constantFrom(60, 300),
          fc.constantFrom<[number, string[]]>([TYPE.SOA, soaItems(8)], [TYPE.NS, ['www']], [TYPE.CNAME, ['www']], [TYPE.MX, ['10', 'other']]),
        )
        .map(([name, seconds, [type, items]]) => {
          return { owner: parseName(name, origin), ttl: seconds, type, rdata: rdataOf(type, items, origin) };
        }),
      fc.constant({ owner: parseName('elsewhere.example.'), ttl: 60, type: TYPE.A, rdata: '\xc0\x00\x02\x01' }),
      fc.constant({ owner: parseName('$TTL', origin), ttl: 60, type: TYPE.A, rdata: '\xc0\x00\x02\x01' }),
    );
    const fate = fc.oneof({ weight: 6, arbitrary: fc.constant('kept' as const) }, { weight: 1, arbitrary: fc.constant('removed' as const) }, { weight: 1, arbitrary: anyRecord });
    const said = (read: () => ValidZone): unknown => {
      try {
        return read();
      } catch (error) {
        if (!isClusterError(error, 'zone_invalid')) throw error;
        return error.issues;
      }
    };
    const counts = { sound: 0, warned: 0, refused: 0 };
    fc.assert(
      fc.property(text, fc.array(fate, { minLength: 1, maxLength: 20 }), fc.array(anyRecord, { maxLength: 3 }), (before, turns, added) => {
        const lines = readZoneLines(before, zone);
        const changed = new Map<ChangeableLine, NewRecord | 'removed'>();
        lines.forEach((given, i) => {
          const to = turns[i % turns.length] ?? 'kept';
          if (to !== 'kept' && given.kind !== 'control' && (to === 'removed' || given.kind === 'record')) changed.set(given, to);
        });
        const edit = { changed, added };
        const again = said(() => validateZone(zone, editText(before, lines, edit)));
        expect(said(() => editZone(zone, { text: before, lines, serial: 6 }, edit, new Date()))).toEqual(again);
        counts[Array.isArray(again) ? 'refused' : 'sound']++;
        if (JSON.stringify(again).includes('ttl_differs')) counts.warned++;
      }),
      { numRuns: 1_000 },
    );
    // Of all three there were enough to tell.
    for (const count of Object.values(counts)) expect(count).toBeGreaterThan(100);
  });

  test('that only adds leaves the text before as it is', () => {
    fc.assert(
      fc.property(text, newRecord, (before, record) => {
        const after = editText(before, readZoneLines(before, zone), { changed: new Map(), added: [record] });
        expect(after.subarray(0, before.length).equals(before)).toBe(true);
      }),
    );
  });

  test('writes the owner into the line that took it from the line that goes, and keeps comments', () => {
    const before = '$TTL 60\n@ SOA ns1.example.net. h.example.net. 2024010101 1 1 1 1\n@ NS ns1.example.net.\n; www\nwww A 192.0.2.1 ; old\n\tA 192.0.2.2 ; second\n\tTXT x\n';
    const lines = readZoneLines(Buffer.from(before), zone);
    const going = linesByIndex(lines).get(4);
    if (going?.kind !== 'record') throw new Error('no record in line 5');
    const edit = { changed: new Map([[going, 'removed' as const]]), added: [] };
    const after = editZone(zone, { text: Buffer.from(before), lines, serial: 2024010101 }, edit, new Date('2024-01-01'));
    expect(after.text.toString()).toBe(
      '$TTL 60\n@ SOA ns1.example.net. h.example.net. 2024010102 1 1 1 1\n@ NS ns1.example.net.\n; www\nwww.a.example.\tA 192.0.2.2 ; second\n\tTXT x\n',
    );
  });
});

describe('the lines of a text', () => {
  test('together are the text, whatever it holds', () => {
    fc.assert(
      fc.property(text, (before) => {
        const lines = readZoneLines(before, zone);
        expect(lines.map((given) => octets(before, given)).join('')).toBe(before.toString('latin1'));
      }),
    );
  });

  test('of which a lone CR makes several on one line have no index that names them', () => {
    const before = Buffer.from('@ 60 SOA a. b. 1 1 1 1 1\nx 60 A 192.0.2.1\ry 60 A 192.0.2.2\nz 60 A 192.0.2.3\n');
    expect([...linesByIndex(readZoneLines(before, zone)).keys()]).toEqual([0, 2]);
  });
});
