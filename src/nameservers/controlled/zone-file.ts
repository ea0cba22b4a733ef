import { readFile } from 'node:fs/promises';
import { checkZone } from '../../dns/check.js';
import { parseZone } from '../../dns/zone-text/parser.js';
import type { ResourceRecord } from '../../dns/zone.js';
import { zoneInvalid } from '../../errors.js';
import type { Upsert } from './zone-commands.js';

/**
 * What a zone's file holds, by our own check, for servers that take anything: those records that the caller has, or the
 * file's. Rejects with zone_invalid.
 */
export async function soundRecords({ name, file, records }: Upsert): Promise<readonly ResourceRecord[]> {
  if (records !== undefined) return records;
  const zone = parseZone(await readFile(file), name);
  const issues = checkZone(zone, name).filter(({ severity }) => severity === 'error');
  if (issues.length > 0) throw zoneInvalid(name, issues);
  return zone.records;
}
