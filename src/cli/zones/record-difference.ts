import { withKeys, type Ordered } from '../../dns/canonical.js';
import { parseZone } from '../../dns/zone-text/parser.js';
import { formatRecord } from '../../dns/zone-text/printer.js';
import type { ZoneName } from '../../zones/zone-name.js';

/** A record that only one of two versions of a zone has. */
interface RecordChange {
  change: 'gone' | 'new';
  /** As `named-compilezone -s full` prints it. */
  record: string;
}

/** The records that two master files of a zone do not share, RRset by RRset, however spelled. Throws zone_invalid. */
export function recordDifference(zone: ZoneName, before: Buffer, after: Buffer): RecordChange[] {
  const [a, b] = [recordsOf(zone, before), recordsOf(zone, after)];
  const sets = new Map<string, RecordChange[]>();
  const add = (
    records: ReadonlyMap<string, Ordered>,
    others: ReadonlyMap<string, Ordered>,
    change: 'gone' | 'new',
  ): void => {
    for (const [key, { record, owner }] of records) {
      if (others.has(key)) continue;
      const set = `${owner} ${record.type}`;
      const changes = sets.get(set) ?? [];
      sets.set(set, [...changes, { change, record: formatRecord(record) }]);
    }
  };
  add(a, b, 'gone');
  add(b, a, 'new');
  return [...sets.values()].flat();
}

/** By what makes two records the same: owner, type, TTL and rdata in canonical form. */
function recordsOf(zone: ZoneName, text: Buffer): Map<string, Ordered> {
  const ordered = withKeys(parseZone(text, zone).records);
  return new Map(ordered.map((one) => [JSON.stringify([one.owner, one.record.type, one.record.ttl, one.rdata]), one]));
}
