import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formPairs, type Pair } from '../../src/wire-format/form-pairs.js';
import { formatOutcomes, parseOutcomes, type ZoneOutcome } from '../../src/wire-format/outcome-lines.js';
import { percentDecode, percentEncode } from '../../src/wire-format/percent.js';
import { encodeBundle, zoneOfKey } from '../../src/wire-format/zone-bundle.js';

const octets = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));

async function pairsOf(chunks: Iterable<Buffer>): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for await (const pair of formPairs(chunks, 1_000_000)) pairs.push(pair);
  return pairs;
}

describe('percent encoding', () => {
  test('any octets come back', () => {
    fc.assert(fc.property(octets, (given) => percentDecode(percentEncode(given)).equals(given)));
  });
  test('is read by the standard decoder, and reads what it writes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(decodeURIComponent(percentEncode(Buffer.from(text)).toString())).toBe(text);
        expect(percentDecode(Buffer.from(encodeURIComponent(text))).toString()).toBe(text);
      }),
    );
  });
  test('"+" is a space, and a "%" without two digits stands for itself', () => {
    expect(percentDecode(Buffer.from('a+b%2')).toString()).toBe('a b%2');
    expect(percentDecode(Buffer.from('100%zz%')).toString()).toBe('100%zz%');
  });
});

describe('a form', () => {
  test('is split the same however it is cut into chunks', async () => {
    await fc.assert(
      fc.asyncProperty(octets, fc.array(fc.nat(300)), async (body, cuts) => {
        const at = [...new Set([0, ...cuts.filter((cut) => cut < body.length), body.length])].sort((a, b) => a - b);
        const chunks = at.slice(1).map((end, i) => body.subarray(at[i], end));
        expect(await pairsOf(chunks)).toEqual(await pairsOf([body]));
      }),
    );
  });
  test('is refused beyond its limit', async () => {
    const read = async (): Promise<void> => {
      for await (const _ of formPairs([Buffer.alloc(11)], 10)) continue;
    };
    await expect(read()).rejects.toMatchObject({ code: 'body_too_large' });
  });
});

test('a bundle comes back, whatever the texts hold', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(octets, { maxLength: 5 }), async (texts) => {
      const zones = texts.map((text, i) => ({ name: `z${i}.example`, text }));
      const pairs = await pairsOf([encodeBundle(zones)]);
      expect(pairs.map(({ key, value }) => ({ name: zoneOfKey(key), text: value.toString('hex') }))).toEqual(
        zones.map(({ name, text }) => ({ name, text: text.toString('hex') })),
      );
    }),
  );
});

test('what a node says of each zone is read by the other', () => {
  const outcomes: ZoneOutcome[] = [
    { name: 'a.example', outcome: 'saved', serial: 4294967295, digest: '0'.repeat(64) },
    { name: 'b.example', outcome: 'removed' },
    { name: 'c.example', outcome: 'refused', reason: 'c.example:1:2: no\n => removed' },
  ];
  const read = [...parseOutcomes(formatOutcomes(outcomes, 'ns1')).values()];
  expect(read).toEqual([outcomes[0], outcomes[1], { ...outcomes[2], reason: 'c.example:1:2: no => removed' }]);
});
