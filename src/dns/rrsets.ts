import { lowerName, type Name } from './name.js';
import { canonicalRdata } from './rdata.js';
import type { ResourceRecord } from './resource-record.js';
import { TYPE } from './types.js';

/** From this many records on, an RRset looks repeated rdata up in a map instead of comparing one by one. */
const MANY = 8;

/** One RRset while a zone is read (RFC 2181 §5); signatures are one for each type that they cover. */
interface RRset {
  type: number;
  covers: number;
  ttl: number;
  /** The run of records that set the TTL last. */
  run: number;
  /** How many records it had before that run. */
  before: number;
  /** Some of its records carry another TTL than the set's. */
  mixed: boolean;
  records: ResourceRecord[];
  /** Canonical rdata, for sets of many records. */
  index?: Map<string, ResourceRecord>;
}

/** The type that a signature covers (RFC 4034 §3.1.1), else 0. */
export function coveredType(type: number, rdata: string): number {
  return type === TYPE.RRSIG || type === TYPE.SIG ? rdata.charCodeAt(0) * 256 + rdata.charCodeAt(1) : 0;
}

/**
 * Collects the records of a zone into RRsets as BIND does. Records of one owner that follow each other are a run, which the
 * addresses of nameservers that the run itself names do not break. In a run the first TTL of an RRset holds; where an RRset
 * goes on in a later run, that run's TTL holds for all of it. Repeated records are dropped.
 */
export class RRsets {
  readonly records: ResourceRecord[] = [];
  private readonly owners = new Map<Name, RRset[]>();
  private lastOwner: Name | undefined;
  private lastSets: RRset[] = [];
  private runs = 0;
  private run = 0;
  private runOwner: Name | undefined;
  private readonly runTargets = new Set<Name>();
  private glueRun = 0;
  private glueOwner: Name | undefined;

  /** Adds a record; false where its RRset already has another TTL. */
  add(owner: Name, ttl: number, type: number, rdata: string, line: number): boolean {
    this.follow(owner);
    if (type === TYPE.NS && owner === this.runOwner) this.runTargets.add(lowerName(rdata as Name));
    return this.put({ owner, ttl, type, rdata, line }, owner === this.glueOwner ? this.glueRun : this.run);
  }

  /** Adds a record that `$GENERATE` made, which stands outside the runs. */
  addGenerated(owner: Name, ttl: number, type: number, rdata: string, line: number): boolean {
    return this.put({ owner, ttl, type, rdata, line }, ++this.runs);
  }

  /** Ends the run under way: the text goes on in another file. */
  endRun(): void {
    this.runOwner = undefined;
    this.glueOwner = undefined;
  }

  /** All records, in the order in which they were added, each with its RRset's TTL. */
  finish(): ResourceRecord[] {
    for (const sets of this.owners.values()) {
      for (const set of sets) if (set.mixed) for (const record of set.records) record.ttl = set.ttl;
    }
    return this.records;
  }

  private follow(owner: Name): void {
    if (owner === this.runOwner) this.glueOwner = undefined;
    else if (owner !== this.glueOwner) {
      if (this.runTargets.size > 0 && this.runTargets.has(lowerName(owner))) {
        this.glueOwner = owner;
        this.glueRun = ++this.runs;
      } else {
        this.runOwner = owner;
        this.run = ++this.runs;
        this.glueOwner = undefined;
        if (this.runTargets.size > 0) this.runTargets.clear();
      }
    }
  }

  private put(record: ResourceRecord, run: number): boolean {
    const { type, ttl } = record;
    const sets = this.setsOf(record.owner);
    const covers = coveredType(type, record.rdata);
    const set = sets.find((other) => other.type === type && other.covers === covers);
    if (set === undefined) {
      sets.push({ type, covers, ttl, run, before: 0, mixed: false, records: [record] });
      this.records.push(record);
      return true;
    }
    const agrees = set.ttl === ttl;
    if (!agrees) {
      set.mixed = true;
      // What $GENERATE adds to an RRset of the run under way is added before that run, whose TTL so holds.
      if (set.run !== run && !(run > this.run && set.run === this.run)) set.ttl = ttl;
    }
    if (set.run !== run) set.before = set.records.length;
    set.run = run;
    const twin = findTwin(set, record);
    if (twin === undefined) {
      set.records.push(record);
      this.records.push(record);
    } else if (twin.rdata !== record.rdata && set.records.indexOf(twin) >= set.before) {
      twin.rdata = record.rdata; // within a run, names inside keep the case in which they were written last
    }
    return agrees;
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

/** The record of the set with the same rdata, names inside compared without case; the set's index is kept. */
function findTwin(set: RRset, record: ResourceRecord): ResourceRecord | undefined {
  const canonical = canonicalRdata(record.type, record.rdata);
  if (set.index === undefined) {
    if (set.records.length < MANY)
      return set.records.find((other) => canonicalRdata(other.type, other.rdata) === canonical);
    set.index = new Map(set.records.map((other) => [canonicalRdata(other.type, other.rdata), other]));
  }
  const twin = set.index.get(canonical);
  if (twin === undefined) set.index.set(canonical, record);
  return twin;
}
