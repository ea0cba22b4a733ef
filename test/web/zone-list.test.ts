import { describe, expect, test } from 'vitest';
import { zoneName } from '../../src/zones/zone-name.js';
import { pageOfZones } from '../../src/web/pages/zones/zone-list.js';
import type { ZoneEntry } from '../../src/zones/zone-index.js';

const entry = (name: string, owner = 'root'): ZoneEntry => ({
  name: zoneName(name),
  serial: 1,
  digest: '',
  owner,
  modified: 0,
});
const many = Array.from({ length: 120 }, (_, index) => entry(`z${String(index).padStart(3, '0')}.example`));

describe('the list of zones', () => {
  test('is in the order of names, 50 a page, the last page shorter', async () => {
    const first = await pageOfZones(many, '', 1);
    expect([first.rows.length, first.pages, first.found]).toEqual([50, 3, 120]);
    expect(first.rows[0]?.name).toBe('z000.example');
    expect((await pageOfZones(many, '', 3)).rows.at(-1)?.name).toBe('z119.example');
  });

  test.each([
    [0, 1],
    [-5, 1],
    [99, 3],
    [2, 2],
  ])('asked for page %i shows page %i', async (asked, shown) => {
    expect((await pageOfZones(many, '', asked)).page).toBe(shown);
  });

  test('of nothing is one empty page', async () => {
    expect(await pageOfZones([], '', 1)).toEqual({ rows: [], found: 0, page: 1, pages: 1 });
  });

  test('is searched by a part of the name, an owner, or the Unicode name', async () => {
    const rows = [entry('bücher.example'), entry('alpha.example', 'alice'), entry('beta.example', 'bob')];
    const search = async (text: string): Promise<string[]> =>
      (await pageOfZones(rows, text, 1)).rows.map(({ name }) => name);
    expect(await search('ALPHA')).toEqual(['alpha.example']);
    expect(await search('alice')).toEqual(['alpha.example']);
    expect(await search('ali')).toEqual([]);
    expect(await search('bücher')).toEqual(['xn--bcher-kva.example']);
    expect(await search('nothing')).toEqual([]);
  });
});
