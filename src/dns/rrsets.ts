import { lowerName, type Name } from './name.js';
import { canonicalRdata } from './rdata.js';
import type { ResourceRecord } from './resource-record.js';
import { TYPE } from './types.js';

/** From this many records on, an RRset looks repeated rdata up in a set instead of comparing one by one. */
const MANY = 8;

/** One RRset while a zone is read (RFC 2181 §5); signatures are one for each type that they cover. */
interface RRset {
  type: number;
  covers: number;
  ttl: number;
  rdata: string[];
  seen?: Set<string>;
}

/** The type that a signature covers (RFC 4034 §3.1.1), else 0. */
export function coveredType(type: number, rdata: string): number {
  return type === TYPE.RRSIG || type === TYPE.SIG ? rdata.charCodeAt(0) * 256 + rdata.charCodeAt(1) : 0;
}

/** Collects the records of a zone: the first TTL of an RRset holds for all of it, repeated records are dropped. */
export class RRsets {
  readonly records: ResourceRecord[] = [];
  private readonly owners = new Map<Name, RRset[]>();
  private lastOwner: Name | undefined;
  private lastSets: RRset[] = [];

  /** Adds a record, with its RRset's TTL; false where its RRset has another TTL than the one given. */
  add(owner: Name, ttl: number, type: number, rdata: string, line: number): boolean {
    const sets = this.setsOf(owner);
    const covers = coveredType(type, rdata);
    const canonical = canonicalRdata(type, rdata);
    const set = sets.find((other) => other.type === type && other.covers === covers);
    if (set === undefined) {
      sets.push({ type, covers, ttl, rdata: [canonical] });
      this.records.push({ owner, ttl, type, rdata, line });
      return true;
    }
    if (isNew(set, canonical)) this.records.push({ owner, ttl: set.ttl, type, rdata, line });
    return set.ttl === ttl;
  }

  private setsOf(owner: Name): RRset[] {
    if (owner === this.lastOwner) return this.lastSets;
    const key = lowerName(owner);
    let sets = this.owners.get(key);
    if (sets === undefined) this.owners.set(key, (sets = []));
    this.lastOwner = owner;
    return (this.lastSets = sets);
  }
}

function isNew(set: RRset, canonical: string): boolean {
  if (set.seen === undefined && set.rdata.length >= MANY) set.seen = new Set(set.rdata);
  if (set.seen?.has(canonical) ?? set.rdata.includes(canonical)) return false;
  if (set.seen === undefined) set.rdata.push(canonical);
  else set.seen.add(canonical);
  return true;
}
