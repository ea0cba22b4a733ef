import { lowerName, type Name } from './name.js';
import { canonicalRdata } from './rdata.js';
import type { ResourceRecord } from './zone.js';
import { TYPE } from './types.js';

/** From this many records on, an RRset looks repeated rdata up in a map instead of comparing one by one. */
const MANY = 8;

/**
 * One RRset while a zone is read (RFC 2181 §5); signatures are one for each type that they cover. Most have one record,
 * and large zones have very many, so there is no array before the second record.
 */
interface RRset {
  type: number;
  covers: number;
  ttl: number;
  /** The run of records that set the TTL last, and how many records there were before it. */
  run: number;
  before: number;
  first: ResourceRecord;
  /** All records, from the second on. */
  all: ResourceRecord[] | undefined;
  /** Canonical rdata, for sets of many records. */
  index: Map<string, ResourceRecord> | undefined;
  /** The next RRset of the same owner. */
  next: RRset | undefined;
}

/** The type that a signature covers (RFC 4034 §3.1.1), else 0. */
export function coveredType(type: number, rdata: string): number {
  return type === TYPE.RRSIG || type === TYPE.SIG ? rdata.charCodeAt(0) * 256 + rdata.charCodeAt(1) : 0;
}

/**
 * Collects the records of a zone into RRsets as BIND does. Records of one owner that follow each other are a run, which
 * the addresses of nameservers that the run itself names do not break. In a run the first TTL of an RRset holds; where
 * an RRset goes on in a later run, that run's TTL holds for all of it. Repeated records are dropped.
 */
export class RRsets {
  readonly #records: ResourceRecord[] = [];
  /** The RRset of each owner that was written last. */
  readonly #owners = new Map<Name, RRset>();
  /** Sets with records of different TTLs. */
  readonly #mixed = new Set<RRset>();
  #lastOwner: Name | undefined;
  #lastSet: RRset | undefined;
  #runs = 0;
  #run = 0;
  #runOwner: Name | undefined;
  readonly #runTargets = new Set<Name>();
  #glueRun = 0;
  #glueOwner: Name | undefined;

  /** Adds a record; false where its RRset already has another TTL. */
  add(owner: Name, ttl: number, type: number, rdata: string, line: number): boolean {
    this.#follow(owner);
    if (type === TYPE.NS && owner === this.#runOwner) this.#runTargets.add(lowerName(rdata as Name));
    return this.#put({ owner, ttl, type, rdata, line }, owner === this.#glueOwner ? this.#glueRun : this.#run);
  }

  /** Adds a record that `$GENERATE` made, which stands outside the runs. */
  addGenerated(owner: Name, ttl: number, type: number, rdata: string, line: number): boolean {
    return this.#put({ owner, ttl, type, rdata, line }, ++this.#runs);
  }

  /** Ends the run under way: the text goes on in another file. */
  endRun(): void {
    this.#runOwner = undefined;
    this.#glueOwner = undefined;
  }

  /** All records, in the order in which they were added, each with its RRset's TTL. */
  finish(): ResourceRecord[] {
    for (const set of this.#mixed) for (const record of recordsOf(set)) record.ttl = set.ttl;
    return this.#records;
  }

  #follow(owner: Name): void {
    if (owner === this.#runOwner) this.#glueOwner = undefined;
    else if (owner !== this.#glueOwner) {
      if (this.#runTargets.size > 0 && this.#runTargets.has(lowerName(owner))) {
        this.#glueOwner = owner;
        this.#glueRun = ++this.#runs;
      } else {
        this.#runOwner = owner;
        this.#run = ++this.#runs;
        this.#glueOwner = undefined;
        if (this.#runTargets.size > 0) this.#runTargets.clear();
      }
    }
  }

  #put(record: ResourceRecord, run: number): boolean {
    const { type, ttl } = record;
    const covers = coveredType(type, record.rdata);
    const newest = this.#newestOf(record.owner);
    let set = newest;
    while (set !== undefined && (set.type !== type || set.covers !== covers)) set = set.next;
    if (set === undefined) {
      set = { type, covers, ttl, run, before: 0, first: record, all: undefined, index: undefined, next: newest };
      this.#owners.set(lowerName(record.owner), set);
      this.#lastSet = set;
      this.#records.push(record);
      return true;
    }
    const agrees = set.ttl === ttl;
    if (!agrees) {
      this.#mixed.add(set);
      // What $GENERATE adds to an RRset of the run under way is added before that run, whose TTL so holds.
      if (set.run !== run && !(run > this.#run && set.run === this.#run)) set.ttl = ttl;
    }
    if (set.run !== run) set.before = set.all?.length ?? 1;
    set.run = run;
    const twin = findTwin(set, record);
    if (twin === undefined) {
      set.all ??= [set.first];
      set.all.push(record);
      this.#records.push(record);
    } else if (twin.rdata !== record.rdata && recordsOf(set).indexOf(twin) >= set.before) {
      twin.rdata = record.rdata; // within a run, names inside keep the case in which they were written last
    }
    return agrees;
  }

  #newestOf(owner: Name): RRset | undefined {
    if (owner === this.#lastOwner) return this.#lastSet;
    this.#lastOwner = owner;
    return (this.#lastSet = this.#owners.get(lowerName(owner)));
  }
}

function recordsOf(set: RRset): readonly ResourceRecord[] {
  return set.all ?? [set.first];
}

/** The record of the set with the same rdata, names inside compared without case; the set's index is kept. */
function findTwin(set: RRset, record: ResourceRecord): ResourceRecord | undefined {
  const canonical = canonicalRdata(record.type, record.rdata);
  const isTwin = (other: ResourceRecord): boolean => canonicalRdata(other.type, other.rdata) === canonical;
  if (set.all === undefined) return isTwin(set.first) ? set.first : undefined;
  if (set.index === undefined) {
    if (set.all.length < MANY) return set.all.find(isTwin);
    set.index = new Map(set.all.map((other) => [canonicalRdata(other.type, other.rdata), other]));
  }
  const twin = set.index.get(canonical);
  if (twin === undefined) set.index.set(canonical, record);
  return twin;
}
