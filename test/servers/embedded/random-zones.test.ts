import { describe, test } from 'vitest';
import fc from 'fast-check';
import { parseName, type Name } from '../../../src/dns/name.js';
import { TYPE } from '../../../src/dns/types.js';
import { sentenceOf } from '../../../src/errors.js';
import { needs } from '../../needs.js';
import { compare, questions } from './compare-servers.js';
import { startBoth } from './embedded-server.js';

const ZONES = 60;
const TYPES = [TYPE.A, TYPE.MX, TYPE.NS, TYPE.CNAME];
const LABELS = ['a', 'b', 'c', '*'];

const owner = fc.array(fc.constantFrom(...LABELS), { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
const target = fc.oneof({ weight: 5, arbitrary: owner }, fc.constantFrom('@', 'out.invalid.'));
const alone = target.map((name) => [`CNAME ${name}`]);
const together = fc.uniqueArray(
  fc.oneof(
    fc.constantFrom('A 192.0.2.1', 'AAAA 2001:db8::1', 'TXT text'),
    target.map((name) => `MX 10 ${name}`),
    target.map((name) => `NS ${name}`),
    target.map((name) => `DNAME ${name}`),
  ),
  { minLength: 1, maxLength: 3, selector: (record) => (record.startsWith('DNAME') ? 'DNAME' : record) },
);
const node = fc.oneof({ weight: 1, arbitrary: alone }, { weight: 3, arbitrary: together });

/** A zone's text from few labels, so that wildcards, cuts, aliases and empty non-terminals get in each other's way. */
const zone = fc.dictionary(owner, node, { minKeys: 2, maxKeys: 10 }).map((nodes) => {
  const lines = Object.entries(nodes).flatMap(([name, records]) =>
    // BIND refuses NS at a wildcard (RFC 4592 §4.2).
    records
      .filter((record) => !(name.startsWith('*') && record.startsWith('NS')))
      .map((record) => `${name} 60 ${record}`),
  );
  return ['@ 60 SOA ns h 1 2 3 4 5', '@ 60 NS ns.invalid.', ...lines, ''].join('\n');
});

function allNames(apex: string): Name[] {
  let names = [''];
  const all: string[] = [];
  for (let depth = 0; depth <= 4; depth++) {
    all.push(...names);
    names = names.flatMap((name) => [...LABELS.slice(0, depth < 2 ? 4 : 2), 'x'].map((label) => `${label}.${name}`));
  }
  return all.map((name) => parseName(`${name}${apex}.`));
}

describe.skipIf(!needs('named'))('random zones', () => {
  test('are answered as BIND answers them', async () => {
    const texts = fc.sample(zone, { numRuns: ZONES, seed: 1035 });
    const zones = Object.fromEntries(texts.map((text, i) => [`z${i}.example`, text]));
    const both = await startBoth(zones);
    try {
      for (const [apex, text] of Object.entries(zones)) {
        await compare(both, questions(allNames(apex), TYPES), {}).catch((error: unknown) => {
          throw new Error(`zone ${apex}:\n${text}\n${sentenceOf(error)}`);
        });
      }
    } finally {
      await both.stop();
    }
  });
});
