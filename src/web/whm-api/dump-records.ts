import { z } from 'zod';
import { formatName, labelsOf, NameError, parseName, ROOT, type Name } from '../../dns/name.js';
import { RdataError } from '../../dns/octets.js';
import { itemsOf, rdataOf } from '../../dns/rdata-items.js';
import { TYPE, typeName } from '../../dns/types.js';
import { ClusterError } from '../../errors.js';
import type { ZoneLine } from '../../zones/zone-lines.js';
import type { ZoneName } from '../../zones/zone-name.js';
import { lineText } from './parse-items.js';

/**
 * A field of a record's answer, and what its word of the rdata is: a name loses its final dot, `texts` takes all words
 * that are left.
 */
interface Column {
  key: string;
  kind: 'word' | 'name' | 'texts' | 'words';
}

const words = (...keys: readonly string[]): Column[] => keys.map((key) => ({ key, kind: 'word' }));
const name = (key: string): Column => ({ key, kind: 'name' });
const texts: Column = { key: 'txtdata', kind: 'texts' };
const ADDRESS = words('address');

/** The fields of each type in the order of its rdata. */
const COLUMNS: Readonly<Partial<Record<number, readonly Column[]>>> = {
  [TYPE.A]: ADDRESS,
  [TYPE.AAAA]: ADDRESS,
  [TYPE.NS]: [name('nsdname')],
  [TYPE.CNAME]: [name('cname')],
  [TYPE.DNAME]: [name('dname')],
  [TYPE.PTR]: [name('ptrdname')],
  [TYPE.MX]: [...words('preference'), name('exchange')],
  [TYPE.TXT]: [texts],
  [TYPE.SPF]: [texts],
  [TYPE.SOA]: [name('mname'), name('rname'), ...words('serial', 'refresh', 'retry', 'expire', 'minimum')],
  [TYPE.SRV]: [...words('priority', 'weight', 'port'), name('target')],
  [TYPE.CAA]: words('flag', 'tag', 'value'),
  [TYPE.NAPTR]: [...words('order', 'preference', 'flags', 'service', 'regexp'), name('replacement')],
  [TYPE.DS]: words('keytag', 'algorithm', 'digtype', 'digest'),
  [TYPE.HINFO]: words('cpu', 'os'),
  [TYPE.RP]: [name('mbox'), name('txtdname')],
  [TYPE.AFSDB]: [...words('subtype'), name('hostname')],
};
/** Of all other types: the rdata as zone files have it. */
const OTHER: readonly Column[] = [{ key: 'rdata', kind: 'words' }];

const columnsOf = (type: number): readonly Column[] => COLUMNS[type] ?? OTHER;
const utf8 = (octets: string): string => Buffer.from(octets, 'latin1').toString('utf8');

/** A line of a zone; a record has the fields of its type besides. */
export const dumpedLine = z.object({ Line: z.number(), type: z.string() }).catchall(z.union([z.string(), z.number()]));

/** A line as dumpzone answers it: a record by its fields, `$TTL` by its value, all else `:RAW`. Lines count from 1. */
export function dumpLine(line: ZoneLine, text: Buffer): z.input<typeof dumpedLine> {
  const place = { Line: line.index + 1, ...(line.count > 1 ? { Lines: line.count } : {}) };
  if (line.kind === 'control' && line.sets !== undefined) return { ...place, type: '$TTL', ttl: String(line.sets) };
  if (line.kind !== 'record') return { ...place, type: ':RAW', raw: utf8(lineText(text, line)) };
  const { owner, type, head } = line;
  const known = { ...place, type: typeName(type), name: utf8(formatName(owner)), class: 'IN', ttl: String(head.ttl) };
  return { ...known, ...fieldsOf(type, line.rdata) };
}

/** A record's fields by their keys, as text. */
function fieldsOf(type: number, rdata: string): Record<string, string> {
  const items = itemsOf(type, rdata);
  const value: Record<Column['kind'], (at: number) => string> = {
    word: (at) => items[at] ?? '',
    name: (at) => withoutDot(items[at] ?? ''),
    texts: (at) => items.slice(at).join(''),
    words: (at) => items.slice(at).join(' '),
  };
  return Object.fromEntries(columnsOf(type).map(({ key, kind }, at) => [key, utf8(value[kind](at))]));
}

/** A name of one label keeps its dot: without it, it would be relative to the zone. */
function withoutDot(absolute: string): string {
  return labelsOf(parseName(absolute)).length > 1 ? absolute.slice(0, -1) : absolute;
}

/**
 * The rdata that a caller gives by such fields (as octet strings); what is not given is as in `present`, the rdata of
 * the record that is edited. Throws parameter_invalid.
 */
export function rdataOfFields(
  type: number,
  given: (key: string) => string | undefined,
  origin: Name,
  present?: string,
): string {
  const items = present === undefined ? [] : itemsOf(type, present);
  const wanted = columnsOf(type).flatMap(({ key, kind }, at) => {
    const value = given(key);
    const isRest = kind === 'texts' || kind === 'words';
    if (value === undefined) {
      const kept = isRest ? items.slice(at) : items.slice(at, at + 1);
      if (kept.length > 0) return kept;
      throw new ClusterError('parameter_invalid', { parameter: key, why: `is missing for a ${typeName(type)} record` });
    }
    if (kind === 'words') return value.split(/[ \t]+/);
    return [kind === 'name' ? refusing(key, () => formatName(targetOf(value, origin))) : value];
  });
  const parameter = columnsOf(type)[0]?.key ?? 'type';
  return refusing(parameter, () => rdataOf(type, wanted, origin));
}

/** A name inside a record: callers leave the final dot off, so only a name of one label is relative to the zone. */
function targetOf(text: string, origin: Name): Name {
  const absolute = parseName(text, ROOT);
  return labelsOf(absolute).length > 1 ? absolute : parseName(text, origin);
}

/**
 * A record's own name: relative to the zone, unless it ends with a dot or with the zone's name. Throws
 * parameter_invalid.
 */
export function ownerOf(text: string, zone: ZoneName, origin: Name): Name {
  const lower = text.toLowerCase();
  const isFull = lower === zone || lower.endsWith(`.${zone}`);
  return refusing('name', () => parseName(isFull ? `${text}.` : text === '' ? '@' : text, origin));
}

/** Makes the faults of names and rdata those of a parameter. */
export function refusing<T>(parameter: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (!(error instanceof NameError) && !(error instanceof RdataError)) throw error;
    throw new ClusterError('parameter_invalid', { parameter, why: `is not valid: ${utf8(error.message)}` });
  }
}
