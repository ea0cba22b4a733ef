import { expect, test, vi } from 'vitest';
import type * as Table from '../../../src/nameservers/kinds.js';
import { CANDIDATES } from './candidates.js';
import { ServerUnderTest } from './server-under-test.js';

// The line that would be added to the table: a copy of the embedded nameserver.
vi.mock('../../../src/nameservers/kinds.js', async (original) => {
  const table = await original<typeof Table>();
  return { ...table, KINDS: { ...table.KINDS, sixth: table.KINDS.embedded } };
});

test('a line in the table of nameservers is a candidate of these scenarios, and serves zones in them', async () => {
  const sixth = CANDIDATES.find(({ kind }) => (kind as string) === 'sixth');
  if (sixth === undefined) throw new Error('it is no candidate');
  const of = await ServerUnderTest.start(sixth);
  try {
    expect(await of.outcomes(await of.zones.upsert('a.example', 3))).toEqual(['served']);
    expect(await of.serial('a.example')).toBe(3);
  } finally {
    await of.end();
  }
});
