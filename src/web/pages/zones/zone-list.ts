import { domainToASCII } from 'node:url';
import { userOf } from '../../../access/accounts.js';
import { inSlices } from '../../../operations/in-slices.js';
import { wasConverted } from '../../../zones/zone-name.js';
import type { ZoneRow } from '../../../cluster/model/results.js';

const ROWS_A_PAGE = 50;

/** One page of the list of zones. */
interface ZonePage {
  rows: ZoneRow[];
  /** Zones that the search found. */
  found: number;
  /** From 1; the last one where a later one was asked for. */
  page: number;
  pages: number;
}

/** One page of the sorted `rows` whose name or owner contains `search`. Unicode letters find an IDN, too. */
export async function pageOfZones(rows: readonly ZoneRow[], search: string, page: number): Promise<ZonePage> {
  const needle = (wasConverted(search) ? domainToASCII(search) : search).trim().toLowerCase();
  const found = needle === '' ? rows : await matching(rows, needle);
  const pages = Math.max(1, Math.ceil(found.length / ROWS_A_PAGE));
  const current = Math.min(Math.max(1, page), pages);
  const from = (current - 1) * ROWS_A_PAGE;
  return { rows: found.slice(from, from + ROWS_A_PAGE), found: found.length, page: current, pages };
}

async function matching(rows: readonly ZoneRow[], needle: string): Promise<ZoneRow[]> {
  const found: ZoneRow[] = [];
  await inSlices(rows, (row) => {
    if (row.name.includes(needle) || userOf(row.owner) === needle) found.push(row);
  });
  return found;
}
