import type { ZoneIssue } from '../../errors.js';
import { lowerName, parseName } from '../name.js';
import { RRsets } from '../rrsets.js';
import { TYPE } from '../types.js';
import type { SerialAt, Zone } from '../zone.js';
import { TTL_DIFFERS, type Untold } from './parsed-entry.js';
import { MAX_ISSUES, MAX_RECORDS } from './parser.js';
import { countLines, placeOf } from './place.js';

/** An entry, and where it stands now in a text. */
export interface PlacedEntry {
  entry: Untold;
  /** Where its first word begins. */
  wordsStart: number;
  serialAt: SerialAt | undefined;
}

/**
 * What `parseZone` says of a text that has these entries, in their order and nothing else: they are not read again.
 * Undefined where they are too many records for a zone.
 */
export function zoneOfEntries(text: Buffer, zone: string, entries: Iterable<PlacedEntry>): Zone | undefined {
  const rrsets = new RRsets();
  const warnings: ZoneIssue[] = [];
  const serials: (SerialAt | undefined)[] = [];
  let known = { offset: 0, line: 1 };
  let count = 0;
  for (const { entry, wordsStart, serialAt } of entries) {
    const line = known.line + countLines(text, known.offset, wordsStart);
    known = { offset: wordsStart, line };
    const isGenerated = entry.kind === 'control';
    const ttl = entry.head?.ttl ?? 0;
    for (const { owner, type, rdata } of isGenerated ? entry.made : [entry]) {
      if (++count > MAX_RECORDS) return undefined;
      if (type === TYPE.SOA) serials.push(serialAt);
      const agrees = isGenerated
        ? rrsets.addGenerated(owner, ttl, type, rdata, line)
        : rrsets.add(owner, ttl, type, rdata, line);
      if (!agrees && warnings.length < MAX_ISSUES)
        warnings.push({ severity: 'warning', zone, ...placeOf(text, wordsStart, known), ...TTL_DIFFERS });
    }
  }
  const [serialAt] = serials;
  return {
    origin: lowerName(parseName(`${zone}.`)),
    records: rrsets.finish(),
    warnings,
    // An SOA that is repeated has two serials: neither can be changed alone.
    ...(serials.length === 1 && serialAt !== undefined ? { serialAt } : {}),
  };
}
