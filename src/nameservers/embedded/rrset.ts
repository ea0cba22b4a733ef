import type { Name } from '../../dns/name.js';
import type { ResourceRecord } from '../../dns/zone.js';
import { TYPE } from '../../dns/types.js';
import type { Node } from './zone-data.js';

/**
 * The RRset of this type at a node, with its signatures where `signed`. `owner` stands in for the wildcard's name
 * (RFC 4592 §3.3.1: the records appear at the name that was asked for).
 */
export function rrsetAt(node: Node, type: number, signed: boolean, owner?: Name): ResourceRecord[] {
  const rrset = node.filter((record) => record.type === type || (signed && covers(record, type)));
  // Signatures of nothing are no answer.
  if (signed && !rrset.some((record) => record.type === type)) return [];
  return owner === undefined ? rrset : rrset.map((record) => ({ ...record, owner }));
}

/** The type that a signature covers: the first field of its rdata (RFC 4034 §3.1.1). */
export function coveredType(rrsig: ResourceRecord): number {
  return rrsig.rdata.charCodeAt(0) * 256 + rrsig.rdata.charCodeAt(1);
}

function covers(record: ResourceRecord, type: number): boolean {
  return record.type === TYPE.RRSIG && coveredType(record) === type;
}
