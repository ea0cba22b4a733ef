import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formPairs } from '../../src/wire-format/form-pairs.js';
import { zoneOf } from '../../src/wire-format/wire-form.js';
import { encodeBundle, zoneOfKey } from '../../src/wire-format/zone-bundle.js';
import { servedZoneName, zoneName, type ZoneName } from '../../src/zones/zone-name.js';

const EXAMPLE = 'v1.example';

/** Whatever people, forms and peers write, with what names are made of more often than chance has it. */
const written = fc
  .array(
    fc.oneof(
      fc.constantFrom('.', '.db', '.DB', 'db', ' ', '\t', '\\.', '\\046', '\\100b', '。', 'xn--', 'ü', 'ａ', '１２７', '_', '/', '-', '%2e'),
      fc.stringMatching(/^[a-zA-Z0-9]{1,5}$/),
      fc.string({ maxLength: 4 }),
    ),
    { maxLength: 10 },
  )
  .map((parts) => parts.join(''));

function accepted(input: string): ZoneName | undefined {
  try {
    return zoneName(input);
  } catch {
    return undefined;
  }
}

/** What a member takes for the zone's name, of a bundle that names it so. */
async function namesInBundle(name: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { key } of formPairs([encodeBundle([{ name, text: Buffer.from('x') }])], 100_000))
    names.push(zoneName(zoneOfKey(key) ?? ''));
  return names;
}

describe('the name of a zone', () => {
  test.each([
    'v1.example',
    'V1.EXAMPLE',
    'v1.example.',
    'v1.example.db',
    'v1.example.DB',
    'v1.example.db.',
    ' v1.example\n',
    '\tV1.Example.Db. ',
    '\\118\\049.example',
    '\\v1.exa\\mple',
    'v1。example',
    'ｖ１.example',
  ])('is the same in the spelling %j', (input) => {
    expect(zoneName(input)).toBe(EXAMPLE);
  });

  test.each([
    ['', 'empty'],
    ['.', 'empty'],
    ['.db', 'empty'],
    ['db', '"db"'],
    ['v1.example.db.db', '"db"'],
    ['v1.example.DB.db.', '"db"'],
    ['v1..example', 'empty label'],
    ['v1.example..db', 'empty label'],
    ['v1\\.example', 'escapes'],
    ['v1\\046example', 'escapes'],
    ['v1\\', 'not allowed'],
    ['v1 .example', 'not allowed'],
    ['v1%2eexample', 'not allowed'],
    ['xn--bücher.example', 'internationalized'],
    [`${'a'.repeat(64)}.example`, '63'],
    [`${'a.'.repeat(130)}example`, '253'],
  ])('is refused as %j', (input, why) => {
    expect(() => zoneName(input)).toThrow(why);
  });

  test('of a Unicode name is its A-label, and never an address', () => {
    expect(zoneName('bücher.example')).toBe('xn--bcher-kva.example');
    expect(zoneName('XN--BCHER-KVA.example')).toBe('xn--bcher-kva.example');
    expect(zoneName('１２７.１')).toBe('127.1');
  });

  test('read from its own spelling is the same again', () => {
    fc.assert(
      fc.property(written, (input) => {
        const name = accepted(input);
        fc.pre(name !== undefined);
        expect(zoneName(name)).toBe(name);
        expect(servedZoneName(`${name.toUpperCase()}.`)).toBe(name);
      }),
      { numRuns: 2_000 },
    );
  });

  test('over the wire is the name that was authorized, in bundles and in lists', async () => {
    await fc.assert(
      fc.asyncProperty(written, async (input) => {
        const name = accepted(input);
        fc.pre(name !== undefined);
        expect(await namesInBundle(name)).toEqual([name]);
        expect(zoneOf(name)).toBe(name);
        // As WHM lists zones: by their files.
        expect(zoneOf(`${name}.db`)).toBe(name);
      }),
      { numRuns: 1_000 },
    );
  });

  test('that a nameserver gives is none where it ends in the label db: there it is no name of a file', () => {
    expect(() => servedZoneName('v1.example.db.')).toThrow('"db"');
    expect(servedZoneName('V1.example.')).toBe(EXAMPLE);
  });
});
