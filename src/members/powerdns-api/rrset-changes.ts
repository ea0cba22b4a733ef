import { z } from 'zod';
import { canonicalRdata, formatRdata } from '../../dns/rdata.js';
import { formatName, lowerName, parseName, ROOT, type Name } from '../../dns/name.js';
import { rdataFrom } from '../../dns/rdata-items.js';
import type { ResourceRecord } from '../../dns/zone.js';
import { TYPE, typeCode, typeName } from '../../dns/types.js';

/** An RRset as the API has it. */
export const rrset = z.object({
  name: z.string(),
  type: z.string(),
  ttl: z.number().optional(),
  records: z.array(z.object({ content: z.string(), disabled: z.boolean().catch(false) })),
});
export type RRset = z.infer<typeof rrset>;
export type RRsetChange = RRset & { changetype: 'REPLACE' | 'DELETE' };

/** PowerDNS's message about valid content in another spelling: around the content as sent and as wanted. */
const OTHER_SPELLING = /^Record (\S+)\/([A-Z0-9]+) '(.*)'\)$/s;
const BETWEEN = "': Not in expected format (parsed as '";

/** The changes that make `held` equal to `records`. An RRset that says the same is left alone. */
export function changesTo(records: readonly ResourceRecord[], held: readonly RRset[]): RRsetChange[] {
  const changes: RRsetChange[] = [];
  const wanted = new Map<string, ResourceRecord[]>();
  for (const record of records) {
    const key = keyOf(record.owner, typeName(record.type));
    const set = wanted.get(key);
    if (set === undefined) wanted.set(key, [record]);
    else set.push(record);
  }
  for (const set of held) {
    const key = keyOf(nameOf(set.name), set.type);
    const ours = wanted.get(key);
    if (ours === undefined) changes.push({ name: set.name, type: set.type, records: [], changetype: 'DELETE' });
    else if (isSame(ours, set)) wanted.delete(key);
  }
  return [...changes, ...[...wanted.values()].map(replacementBy)];
}

/** The records of an RRset of theirs; what is disabled is not served, and so is none. */
export function recordsOf({ name, type, ttl = 0, records }: RRset): ResourceRecord[] {
  const [owner, code] = [nameOf(name), typeCode(type)];
  if (owner === undefined || code === undefined) return [];
  return records
    .filter(({ disabled }) => !disabled)
    .flatMap(({ content }) => {
      const rdata = rdataIn(code, content);
      return rdata === undefined ? [] : [{ owner, type: code, ttl, rdata, line: 0 }];
    });
}

/**
 * The changes with one content spelled as PowerDNS has just said that it wants it: of HTTPS it knows only its own
 * spelling, and which that is changes with its versions. Undefined where it says something else, or reads another
 * meaning into it.
 */
export function respelled(changes: readonly RRsetChange[], said: string): RRsetChange[] | undefined {
  const [, name = '', type = '', contents = ''] = OTHER_SPELLING.exec(said) ?? [];
  const between = contents.lastIndexOf(BETWEEN);
  const code = typeCode(type);
  if (code === undefined || between < 0) return undefined;
  const sent = contents.slice(0, between);
  const wanted = contents.slice(between + BETWEEN.length);
  const meant = rdataIn(code, wanted);
  if (wanted === sent || meant === undefined || meant !== rdataIn(code, sent)) return undefined;
  const isIt = (change: RRsetChange): boolean =>
    change.name === name && change.type === type && change.records.some(({ content }) => content === sent);
  if (!changes.some(isIt)) return undefined;
  return changes.map((change) => {
    if (!isIt(change)) return change;
    const records = change.records.map((record) => (record.content === sent ? { ...record, content: wanted } : record));
    return { ...change, records };
  });
}

/** A zone's text as it is taken for a new zone. */
export function masterFile(records: readonly ResourceRecord[]): string {
  const line = ({ owner, ttl, type, rdata }: ResourceRecord): string =>
    `${formatName(owner)} ${ttl} IN ${typeName(type)} ${contentOf(type, rdata)}\n`;
  return records.map(line).join('');
}

/** It knows no mnemonics in CERT, and a zone that is made with one can't be read any more (measured with 4.7.3). */
function contentOf(type: number, rdata: string): string {
  const text = formatRdata(type, rdata);
  if (type !== TYPE.CERT) return text;
  return text.replace(/^\S+/, String(rdata.charCodeAt(0) * 256 + rdata.charCodeAt(1)));
}

function replacementBy(records: readonly ResourceRecord[]): RRsetChange {
  const [{ owner, type, ttl }] = records as [ResourceRecord];
  return {
    // It wants names in lower case.
    name: formatName(lowerName(owner)),
    type: typeName(type),
    ttl,
    changetype: 'REPLACE',
    records: records.map(({ rdata }) => ({ content: contentOf(type, rdata), disabled: false })),
  };
}

function isSame(ours: readonly ResourceRecord[], set: RRset): boolean {
  const theirs = recordsOf(set);
  if (theirs.length !== set.records.length || ours.some(({ ttl }) => ttl !== set.ttl)) return false;
  const canonical = (records: readonly ResourceRecord[]): string[] =>
    records.map(({ type, rdata }) => canonicalRdata(type, rdata)).sort();
  const [a, b] = [canonical(ours), canonical(theirs)];
  return a.length === b.length && a.every((rdata, index) => rdata === b[index]);
}

function keyOf(owner: Name | undefined, type: string): string {
  return `${owner === undefined ? '' : lowerName(owner)} ${type}`;
}

function nameOf(text: string): Name | undefined {
  try {
    return parseName(text, ROOT);
  } catch {
    return undefined;
  }
}

function rdataIn(type: number, content: string): string | undefined {
  try {
    return rdataFrom(type, content, ROOT);
  } catch {
    return undefined;
  }
}
