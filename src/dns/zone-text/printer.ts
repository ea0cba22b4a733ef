import { compareOctets, withKeys, type Ordered } from '../canonical.js';
import { formatName } from '../name.js';
import { formatRdata } from '../rdata.js';
import { coveredType } from '../rrsets.js';
import { TYPE, typeName } from '../types.js';
import type { Zone, ResourceRecord } from '../zone.js';

const TTL_COLUMN = 46;
const RDATA_COLUMN = 64;
const TAB = 8;

/** One record on one line, without the line's end, in the columns of `named-compilezone -s full`. */
export function formatRecord(record: ResourceRecord): string {
  return line(formatName(record.owner), record);
}

function line(owner: string, record: ResourceRecord): string {
  const ttl = String(record.ttl);
  const type = typeName(record.type);
  const ttlAt = Math.max(owner.length + 1, TTL_COLUMN);
  const typeAt = ttlAt + ttl.length + 4; // one blank, IN, one blank: the columns of class and type are behind already
  const classAt = ttlAt + ttl.length + 1;
  return (
    owner +
    gap(owner.length, TTL_COLUMN) +
    ttl +
    gap(classAt - 1, TTL_COLUMN) +
    'IN' +
    gap(typeAt - 1, TTL_COLUMN) +
    type +
    gap(typeAt + type.length, RDATA_COLUMN) +
    formatRdata(record.type, record.rdata)
  );
}

/**
 * White space from one column to another as BIND makes it: tabs as far as they reach, then blanks, at least one column.
 */
function gap(from: number, column: number): string {
  const to = Math.max(column, from + 1);
  const tabs = Math.floor(to / TAB) - Math.floor(from / TAB);
  return tabs > 0 ? '\t'.repeat(tabs) + ' '.repeat(to % TAB) : ' '.repeat(to - from);
}

/** Place of an RRset at its name as BIND dumps it: SOA, NS, then by type, a signature right behind what it covers. */
function rank(record: ResourceRecord): number {
  const covers = coveredType(record.type, record.rdata);
  // BIND groups RRSIG by what it covers, not the older SIG.
  const signed = record.type === TYPE.RRSIG;
  const type = signed ? covers : record.type;
  const place = type === TYPE.SOA ? 0 : type === TYPE.NS ? 1 : type + 2;
  return place * 2 + (signed ? 1 : 0);
}

/** BIND keeps NSEC3 and its signatures in a tree of its own and dumps that last. */
function isHashed(record: ResourceRecord): boolean {
  return (
    record.type === TYPE.NSEC3 || (record.type === TYPE.RRSIG && coveredType(record.type, record.rdata) === TYPE.NSEC3)
  );
}

interface Placed extends Ordered {
  hashed: boolean;
  rank: number;
}

function compare(a: Placed, b: Placed): number {
  if (a.hashed !== b.hashed) return a.hashed ? 1 : -1;
  if (a.key !== b.key) return a.key < b.key ? -1 : 1;
  return a.rank - b.rank || compareOctets(a.rdata, b.rdata);
}

/**
 * The zone one record a line in canonical order, byte for byte as `named-compilezone -s full` prints it. All records of
 * an RRset carry the owner name as its first record spells it.
 */
export function printZone(zone: Zone): string {
  const owners = new Map<string, string>();
  const placed = withKeys(zone.records).map((ordered) => {
    const place = { ...ordered, hashed: isHashed(ordered.record), rank: rank(ordered.record) };
    const set = `${place.rank}:${ordered.owner}`;
    if (!owners.has(set)) owners.set(set, formatName(ordered.record.owner));
    return place;
  });
  let text = '';
  for (const { record, rank, owner } of placed.sort(compare))
    text += line(owners.get(`${rank}:${owner}`) ?? '', record) + '\n';
  return text;
}
