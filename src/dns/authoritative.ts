import { isAtOrBelow, lowerName, type Name } from './name.js';
import { canonicalRdata } from './rdata.js';
import { TYPE } from './types.js';
import type { Zone, ResourceRecord } from './zone.js';
import { ZoneNodes } from './zone-nodes.js';

/** What a nameserver answers with authority to a question for this name and type: rdata in canonical form, sorted. */
interface ExpectedAnswer {
  name: Name;
  type: number;
  rdata: readonly string[];
}

/** Records that a server may make anew or leave out of an answer to a plain question (RFC 4034, RFC 5155). */
const MADE_BY_SERVERS = new Set<number>([TYPE.RRSIG, TYPE.NSEC, TYPE.NSEC3, TYPE.NSEC3PARAM]);

/**
 * The RRsets that a zone's nameserver answers for, in the order of the text. Left out are names that are delegated or
 * below a DNAME (RFC 1034 §4.3.2, RFC 6672), names at or below one of `cuts`, which are zones of their own, and records
 * of DNSSEC that servers make.
 */
export function expectedAnswers(zone: Zone, cuts: readonly Name[] = []): ExpectedAnswer[] {
  const nodes = new ZoneNodes(zone);
  const answers: ExpectedAnswer[] = [];
  for (const { name, records } of nodes) {
    if (nodes.coverOf(name) !== undefined && name !== zone.origin) continue;
    if (cuts.some((cut) => isAtOrBelow(name, cut))) continue;
    for (const [type, set] of grouped(records)) {
      if (!MADE_BY_SERVERS.has(type)) answers.push({ name, type, rdata: rdataOf(set) });
    }
  }
  return answers;
}

/** The rdata of those records of an answer that stand at this name with this type, as in an ExpectedAnswer. */
export function answeredRdata(answer: readonly ResourceRecord[], name: Name, type: number): string[] {
  return rdataOf(answer.filter((record) => record.type === type && lowerName(record.owner) === name));
}

function rdataOf(records: readonly ResourceRecord[]): string[] {
  return records.map(({ type, rdata }) => canonicalRdata(type, rdata)).sort();
}

function grouped(records: readonly ResourceRecord[]): Map<number, ResourceRecord[]> {
  const sets = new Map<number, ResourceRecord[]>();
  for (const record of records) {
    const set = sets.get(record.type);
    if (set === undefined) sets.set(record.type, [record]);
    else set.push(record);
  }
  return sets;
}
