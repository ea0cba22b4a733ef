import { createHash } from 'node:crypto';
import { lowerName, ROOT, type Name } from './name.js';
import { canonicalRdata } from './rdata.js';
import type { Zone, ResourceRecord } from './zone.js';

/** A record with what it is ordered by. */
export interface Ordered {
  record: ResourceRecord;
  /** Sorts as the owner's canonical name order does (`sortKey`). */
  key: string;
  owner: Name;
  rdata: string;
}

const CHUNK = 65_536;

/**
 * A string that sorts as names do in canonical order (RFC 4034 §6.1: label by label from the right, in lower case):
 * labels turned around and parted by a zero octet, zero and one inside labels moved out of its way. `name` is in lower
 * case.
 */
export function sortKey(name: Name): string {
  let key = '';
  for (let at = 0; ;) {
    const length = name.charCodeAt(at);
    if (length === 0) return key;
    key = sortableLabel(name, at + 1, at + 1 + length) + '\0' + key;
    at += 1 + length;
  }
}

function sortableLabel(name: Name, start: number, end: number): string {
  for (let i = start; i < end; i++) {
    if (name.charCodeAt(i) > 1) continue;
    return Array.from(name.slice(start, end), (c) => (c === '\0' ? '\x01\x01' : c === '\x01' ? '\x01\x02' : c)).join(
      '',
    );
  }
  return name.slice(start, end);
}

/** Records with their sort keys, in the order given. */
export function withKeys(records: readonly ResourceRecord[]): Ordered[] {
  let written: Name | undefined;
  let owner = ROOT;
  let key = '';
  return records.map((record) => {
    // Records of a name nearly always follow each other; a table of all names would cost more than it saves.
    if (record.owner !== written) {
      written = record.owner;
      owner = lowerName(written);
      key = sortKey(owner);
    }
    return { record, owner, key, rdata: canonicalRdata(record.type, record.rdata) };
  });
}

/** -1, 0 or 1 as strings compare octet by octet. */
export function compareOctets(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** By owner (RFC 4034 §6.1), type, rdata in canonical form (§6.3). */
function compareCanonically(a: Ordered, b: Ordered): number {
  if (a.key !== b.key) return a.key < b.key ? -1 : 1;
  return a.record.type - b.record.type || compareOctets(a.rdata, b.rdata);
}

/**
 * SHA-256, in lower-case hexadecimal, over the records in canonical order and form (RFC 4034 §6.2: names in lower case,
 * wire rdata, the RRset's TTL). The same however the zone's text is spelled and ordered.
 */
export function zoneDigest(zone: Zone): string {
  const hash = createHash('sha256');
  let chunk = '';
  for (const { record, owner, rdata } of withKeys(zone.records).sort(compareCanonically)) {
    const { type, ttl } = record;
    chunk += owner + u16(type) + '\0\x01' + u16(ttl >>> 16) + u16(ttl & 0xffff) + u16(rdata.length) + rdata;
    if (chunk.length >= CHUNK) {
      hash.update(chunk, 'latin1');
      chunk = '';
    }
  }
  return hash.update(chunk, 'latin1').digest('hex');
}

function u16(value: number): string {
  return String.fromCharCode(value >>> 8, value & 255);
}
