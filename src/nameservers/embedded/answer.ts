import { isAtOrBelow, lowerName, nameAt, ROOT, type Name } from '../../dns/name.js';
import { RCODE } from '../../dns/messages/message.js';
import type { ResourceRecord } from '../../dns/zone.js';
import { TYPE } from '../../dns/types.js';
import { additionalFor, glueFor } from './additional.js';
import { coveredType, rrsetAt } from './rrset.js';
import { findZone, type Found, type Node, type ZoneData, type ZoneTable } from './zone-data.js';

/** The parts of an answer that depend on the zones. */
export interface Reply {
  rcode: number;
  aa: boolean;
  answer: ResourceRecord[];
  authority: ResourceRecord[];
  additional: ResourceRecord[];
  /** The additional section is a referral's glue, without which the asker can go nowhere (RFC 9471). */
  glueRequired: boolean;
  isReferral: boolean;
  /** The name, in lower case, from which it comes: a wildcard or a cut; of what does not exist, the zone's. */
  source: Name;
}

interface AnswerOptions {
  /** The asker set the DO bit: signatures go along (RFC 4035 §3.1). */
  dnssec: boolean;
  /** ANY and RRSIG get one RRset only (RFC 8482 §4.1), so that a small forged question cannot draw a large answer. */
  minimal: boolean;
}

// As many as BIND 9.18 follows before it gives up.
const MAX_ALIASES = 11;
const MAX_NAME = 255;
// Asked for by themselves at an alias, these are answered by themselves (RFC 4035 §2.5, RFC 2136 §1.1.1).
const BESIDE_CNAME = new Set<number>([TYPE.CNAME, TYPE.ANY, TYPE.NSEC, TYPE.KEY, TYPE.RRSIG]);

/**
 * Answers a question of class IN from these zones (RFC 1034 §4.3.2). Pure: same zones and question, same answer.
 * Aliases are followed, and additional records looked for, in the zone of the name that was asked: no resolver would
 * believe what one zone's answer says about another (RFC 2181 §5.4.1), and BIND without recursion does the same.
 */
export function answer(zones: ZoneTable, name: Name, type: number, options: AnswerOptions): Reply {
  const reply: Reply = {
    rcode: RCODE.NOERROR,
    aa: false,
    answer: [],
    authority: [],
    additional: [],
    glueRequired: false,
    isReferral: false,
    source: ROOT,
  };
  const zone = findZone(zones, lowerName(name), type);
  if (zone === undefined) return { ...reply, rcode: RCODE.REFUSED };
  const question = { zone, type, options };
  const asked = new Set<Name>();
  let next: Name | undefined = name;
  while (next !== undefined) {
    const key = lowerName(next);
    if (!isAtOrBelow(key, zone.origin)) break; // an alias may well lead elsewhere
    if (asked.has(key) || asked.size > MAX_ALIASES) return { ...reply, rcode: RCODE.SERVFAIL }; // it leads nowhere
    const found = zone.find(key, type);
    if (asked.size === 0) {
      // AA speaks of the first owner in the answer (RFC 1035 §4.1.1).
      reply.isReferral = found.kind === 'delegation';
      reply.aa = !reply.isReferral;
      reply.source = sourceOf(found, key) ?? zone.origin;
    }
    asked.add(key);
    next = step(reply, question, next, found);
  }
  if (type !== TYPE.ANY) reply.additional.push(...additionalFor(zone, reply.answer, options.dnssec));
  return reply;
}

function sourceOf(found: Found, name: Name): Name | undefined {
  if (found.kind === 'delegation') return found.cut;
  if (found.kind === 'dname') return lowerName(found.dname.owner);
  if (found.kind === 'nothing') return undefined;
  const [record] = found.wildcard ? found.node : [];
  return found.wildcard ? record && lowerName(record.owner) : name;
}

interface Asked {
  zone: ZoneData;
  type: number;
  options: AnswerOptions;
}
type Kind<K extends Found['kind']> = Extract<Found, { kind: K }>;

/** Adds what was found for one name; answers the name to go on with where it was an alias. */
function step(reply: Reply, asked: Asked, name: Name, found: Found): Name | undefined {
  if (found.kind === 'dname') return substitute(reply, asked, name, found);
  if (found.kind === 'node') return give(reply, asked, found.node, found.wildcard ? name : undefined);
  if (found.kind === 'delegation') {
    refer(reply, asked, found);
  } else {
    reply.rcode = RCODE.NXDOMAIN;
    deny(reply, asked);
  }
  return undefined;
}

/** What stands at a name: an alias to go on with, the RRset, or nothing of this type. `owner` where by a wildcard. */
function give(reply: Reply, asked: Asked, node: Node, owner: Name | undefined): Name | undefined {
  const { type, options } = asked;
  const cname = BESIDE_CNAME.has(type) ? undefined : node.find((record) => record.type === TYPE.CNAME);
  if (cname !== undefined) {
    reply.answer.push(...rrsetAt(node, TYPE.CNAME, options.dnssec, owner));
    return nameAt(cname.rdata, 0);
  }
  const several = type === TYPE.ANY || type === TYPE.RRSIG;
  const records = several ? severalAt(node, type, options, owner) : rrsetAt(node, type, options.dnssec, owner);
  if (records.length === 0) deny(reply, asked);
  reply.answer.push(...records);
  return undefined;
}

/**
 * The SOA tells for how long there is nothing: the lesser of its TTL and its minimum (RFC 2308 §3); 0 where the SOA of
 * a name that does not exist was looked for, as BIND does, so that a zone about to be created is not denied from
 * caches.
 */
function deny(reply: Reply, { zone, type, options }: Asked): void {
  const soa = rrsetAt(zone.node(zone.origin) ?? [], TYPE.SOA, options.dnssec);
  const forget = type === TYPE.SOA && reply.rcode === RCODE.NXDOMAIN;
  const minimum = Buffer.from(soa[0]?.rdata.slice(-4) ?? '', 'latin1').readUInt32BE();
  for (const record of soa) {
    reply.authority.push({ ...record, ttl: forget ? 0 : Math.min(record.ttl, minimum) });
  }
}

/** A referral: NS of the cut, DS where wanted, and glue. */
function refer(reply: Reply, { zone, options }: Asked, found: Kind<'delegation'>): void {
  reply.authority.push(...rrsetAt(found.node, TYPE.NS, false));
  const ds = options.dnssec ? rrsetAt(found.node, TYPE.DS, true) : [];
  if (ds.some((record) => record.type === TYPE.RRSIG)) reply.authority.push(...ds); // unsigned, it proves nothing
  const { glue, required } = glueFor(zone, found);
  reply.additional.push(...glue);
  reply.glueRequired = required;
}

/** The DNAME, and the CNAME that it stands for at this very name (RFC 6672 §3.1). */
function substitute(reply: Reply, { type, options }: Asked, name: Name, found: Kind<'dname'>): Name | undefined {
  const { dname, node } = found;
  // Its own target may lie below it; the record is given once.
  if (!reply.answer.includes(dname)) reply.answer.push(...rrsetAt(node, TYPE.DNAME, options.dnssec));
  const target = (name.slice(0, name.length - dname.owner.length) + dname.rdata) as Name;
  if (target.length > MAX_NAME) {
    reply.rcode = RCODE.YXDOMAIN;
    return undefined;
  }
  reply.answer.push({ owner: name, ttl: dname.ttl, type: TYPE.CNAME, rdata: target, line: 0 });
  return type === TYPE.CNAME || type === TYPE.ANY ? undefined : target; // the CNAME is what was asked for
}

/** ANY: all RRsets of the name; RRSIG: all signatures; where `minimal`, one RRset and the signatures of one. */
function severalAt(node: Node, type: number, options: AnswerOptions, owner?: Name): ResourceRecord[] {
  const wanted = node.filter((record) => type === TYPE.ANY || record.type === type);
  const [first] = wanted;
  const records =
    options.minimal && first !== undefined
      ? wanted.filter(
          (record) =>
            record.type === first.type && (first.type !== TYPE.RRSIG || coveredType(record) === coveredType(first)),
        )
      : wanted;
  return owner === undefined ? records : records.map((record) => ({ ...record, owner }));
}
