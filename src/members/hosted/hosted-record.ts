import { canonicalRdata } from '../../dns/rdata.js';
import { formatName, lowerName, parseName, type Name } from '../../dns/name.js';
import { itemsOf, rdataOf } from '../../dns/rdata-items.js';
import type { ResourceRecord } from '../../dns/zone.js';
import { TYPE, typeCode, typeName } from '../../dns/types.js';

/** A record as hosted DNS services hold it. */
export interface HostedRecord {
  /** Relative to the zone; `@` is its apex. */
  host: string;
  /** Lower case. */
  type: string;
  /** A name has its final dot; text has neither quotes nor escapes. */
  data: string;
  /** Seconds. */
  ttl: number;
  /** Of MX and SRV. */
  priority?: number;
  /** Of SRV, as `port`. */
  weight?: number;
  port?: number;
}

const APEX = '@';
/** How many words of rdata stand before `data`, and what they are. */
const NUMBERS: Readonly<Record<number, readonly ('priority' | 'weight' | 'port')[]>> = {
  [TYPE.MX]: ['priority'],
  [TYPE.SRV]: ['priority', 'weight', 'port'],
};
const TEXTS: ReadonlySet<number> = new Set([TYPE.TXT, TYPE.SPF]);
/** Names as they are given back in JSON: what needs an escape is understood by nobody there. */
const PLAIN = /^[\x20-\x7e]*$/;

/** A record in their form; a text where it has none: why. */
export function toHosted(record: ResourceRecord, origin: Name): HostedRecord | string {
  const { type, rdata, ttl } = record;
  const owner = formatName(record.owner);
  if (owner.includes('\\')) return 'its name has characters that the service can not hold';
  const items = itemsOf(type, rdata);
  const names = NUMBERS[type] ?? [];
  const numbers = Object.fromEntries(names.map((name, index) => [name, Number(items[index])]));
  const rest = items.slice(names.length);
  // Who reads such text joins its strings (RFC 7208 §3.3, RFC 6376 §3.6.2.2).
  const data = TEXTS.has(type) ? rest.join('') : rest.join(' ');
  if (!PLAIN.test(data) || (!TEXTS.has(type) && data.includes('\\')))
    return 'it has characters that the service can not hold';
  return { host: hostOf(owner, origin), type: typeName(type).toLowerCase(), data, ttl, ...numbers };
}

/** Their record as one of ours; undefined where it makes no sense. */
export function fromHosted(hosted: HostedRecord, origin: Name): ResourceRecord | undefined {
  const type = typeCode(hosted.type);
  if (type === undefined) return undefined;
  const numbers = (NUMBERS[type] ?? []).map((name) => String(hosted[name] ?? 0));
  const words = TEXTS.has(type) ? [hosted.data] : hosted.data.trim().split(/\s+/);
  try {
    const owner = hosted.host === APEX || hosted.host === '' ? origin : parseName(hosted.host, origin);
    return { owner, type, ttl: hosted.ttl, rdata: rdataOf(type, [...numbers, ...words], origin), line: 0 };
  } catch {
    return undefined;
  }
}

/** Equal for records that say the same, however they are spelled; the TTL is no part of it. */
export function keyOf(record: ResourceRecord): string {
  return `${lowerName(record.owner)} ${record.type} ${canonicalRdata(record.type, record.rdata)}`;
}

function hostOf(owner: string, origin: Name): string {
  const zone = formatName(origin);
  const lower = owner.toLowerCase();
  if (lower === zone) return APEX;
  return lower.endsWith(`.${zone}`) ? owner.slice(0, -zone.length - 1) : owner;
}
