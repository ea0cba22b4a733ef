import { isAtOrBelow, lowerName, nameAt, ROOT, type Name } from '../../dns/name.js';
import type { ResourceRecord } from '../../dns/zone.js';
import { TYPE } from '../../dns/types.js';
import { rrsetAt } from './rrset.js';
import type { Found, ZoneData } from './zone-data.js';

/** A name and the types there that the asker will want next. */
interface Wanted {
  name: Name;
  types: readonly number[];
}

const ADDRESSES: readonly number[] = [TYPE.A, TYPE.AAAA];

const target = (record: ResourceRecord, at: number): Wanted => ({ name: nameAt(record.rdata, at), types: ADDRESSES });
const portOf = (record: ResourceRecord): number => record.rdata.charCodeAt(4) * 256 + record.rdata.charCodeAt(5);
const tlsa = (port: number, host: Name): Wanted => {
  const label = `_${port}`;
  return { name: `${String.fromCharCode(label.length)}${label}\x04_tcp${host}` as Name, types: [TYPE.TLSA] };
};

/** What each type's rdata makes the asker want next: addresses of the host it names, and the host's TLSA (RFC 7671). */
const WANTED: Readonly<Record<number, ((record: ResourceRecord) => Wanted[]) | undefined>> = {
  [TYPE.NS]: (record) => [target(record, 0)],
  [TYPE.MX]: (record) => [target(record, 2), tlsa(25, nameAt(record.rdata, 2))],
  [TYPE.AFSDB]: (record) => [target(record, 2)],
  [TYPE.RT]: (record) => [target(record, 2)],
  [TYPE.KX]: (record) => [target(record, 2)],
  [TYPE.SRV]: (record) => [target(record, 6), tlsa(portOf(record), nameAt(record.rdata, 6))],
  [TYPE.NAPTR]: naptr,
  [TYPE.SVCB]: svcb,
  [TYPE.HTTPS]: svcb,
};

/** RFC 3403 §4.1: the flag says whether the replacement is looked up as SRV or as an address. */
function naptr(record: ResourceRecord): Wanted[] {
  const { rdata } = record;
  const afterFlags = 5 + rdata.charCodeAt(4);
  const afterServices = afterFlags + 1 + rdata.charCodeAt(afterFlags);
  const name = nameAt(rdata, afterServices + 1 + rdata.charCodeAt(afterServices));
  const flag = rdata.slice(5, afterFlags).toLowerCase();
  if (flag === 's') return [{ name, types: [TYPE.SRV] }];
  return flag === 'a' ? [{ name, types: ADDRESSES }] : [];
}

/**
 * RFC 9460 §4.1: the target, which is the owner itself where a service form says "."; in alias form its own kind too.
 */
function svcb(record: ResourceRecord): Wanted[] {
  const name = nameAt(record.rdata, 2);
  const isAlias = record.rdata.startsWith('\0\0');
  if (name !== ROOT) return [{ name, types: isAlias ? [record.type, ...ADDRESSES] : ADDRESSES }];
  return isAlias ? [] : [{ name: record.owner, types: ADDRESSES }];
}

// As BIND 9.18: a longer RRset brings no additional records, whose gathering would cost more than the answer.
const MAX_FOLLOWED = 13;
// No chain of records that want each other goes on for ever.
const MAX_ADDITIONAL = 100;

/**
 * The RRsets that spare the asker the next questions (RFC 1034 §4.3.2 step 6), and those that these make it want, from
 * the same zone and with authority: data below a zone cut is glue and never appears here. `signed` adds the signatures.
 */
export function additionalFor(zone: ZoneData, answer: readonly ResourceRecord[], signed: boolean): ResourceRecord[] {
  const rrsets = new Map<string, ResourceRecord[]>();
  for (const record of answer) {
    const key = keyOf(record.type, lowerName(record.owner));
    const rrset = rrsets.get(key);
    if (rrset === undefined) rrsets.set(key, [record]);
    else rrset.push(record);
  }
  const additional: ResourceRecord[] = [];
  for (const rrset of rrsets.values()) {
    if (rrset.length > MAX_FOLLOWED) continue;
    for (const { name, types } of rrset.flatMap((record) => WANTED[record.type]?.(record) ?? [])) {
      const host = lowerName(name);
      for (const type of isAtOrBelow(host, zone.origin) ? types : []) {
        const key = keyOf(type, host);
        if (rrsets.has(key) || additional.length > MAX_ADDITIONAL) continue;
        const found = zone.find(host, type);
        const records =
          found.kind === 'node' ? rrsetAt(found.node, type, signed, found.wildcard ? name : undefined) : [];
        rrsets.set(key, records); // and so comes to its turn in the outer loop
        additional.push(...records);
      }
    }
  }
  return additional;
}

function keyOf(type: number, owner: Name): string {
  return `${type} ${owner}`;
}

/**
 * The addresses below any zone cut that `zone` holds for the nameservers of a delegation. They are `required` where a
 * nameserver lies inside what is delegated here: nobody else could tell its address.
 */
export function glueFor(
  zone: ZoneData,
  { cut, node }: Extract<Found, { kind: 'delegation' }>,
): { glue: ResourceRecord[]; required: boolean } {
  const glue: ResourceRecord[] = [];
  let required = false;
  for (const ns of rrsetAt(node, TYPE.NS, false)) {
    const host = lowerName(nameAt(ns.rdata, 0));
    if (!isAtOrBelow(host, zone.origin)) continue;
    const found = zone.find(host, TYPE.A);
    if (found.kind === 'node' || found.kind === 'nothing') continue; // what is answered with authority is asked for
    const records = zone.node(host)?.filter((record) => ADDRESSES.includes(record.type)) ?? [];
    glue.push(...records);
    required ||= records.length > 0 && isAtOrBelow(host, cut);
  }
  return { glue, required };
}
