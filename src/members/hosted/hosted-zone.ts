import { formatName, lowerName, parseName, type Name } from '../../dns/name.js';
import { parseZone } from '../../dns/zone-text/parser.js';
import { formatRecord } from '../../dns/zone-text/printer.js';
import type { ResourceRecord } from '../../dns/zone.js';
import { TYPE, typeName } from '../../dns/types.js';
import type { ZoneName } from '../../zones/zone-name.js';
import { fromHosted, keyOf, toHosted, type HostedRecord } from './hosted-record.js';

/** What a service holds, and what not. */
export interface HostedRules {
  service: string;
  types: ReadonlySet<number>;
  longestHost: number;
  longestData: number;
  longestZone: number;
  /** All records of one name share a TTL there: the smallest, so that no answer is cached longer than intended. */
  oneTtl: boolean;
  /** Why it can't hold a record that is of a type, name and length that it takes. */
  refuses?: (hosted: HostedRecord) => string | undefined;
}

/** What becomes of the NS records at the top of a zone. */
export const NS_CHOICES = ['default', 'ensure', 'force'] as const;
export type NsChoice = (typeof NS_CHOICES)[number];

/** A record of a zone, ours and theirs. */
export interface Wanted {
  record: ResourceRecord;
  hosted: HostedRecord;
  key: string;
}

export interface HostedZone {
  origin: Name;
  soa: ResourceRecord | undefined;
  records: Wanted[];
  /** What can't be held, each with the reason. */
  leftOut: string[];
}

/** The part of a zone for a service. `servers`: its nameservers, with final dots. Throws if the text is not a zone. */
export function hostedZone(
  name: ZoneName,
  text: Buffer,
  rules: HostedRules,
  ns: { choice: NsChoice; servers: readonly string[] },
): HostedZone {
  const { origin, records } = parseZone(text, name);
  const zone: HostedZone = { origin, soa: undefined, records: [], leftOut: [] };
  const seen = new Set<string>();
  const add = (wanted: Wanted): void => {
    if (seen.has(wanted.key)) return;
    seen.add(wanted.key);
    zone.records.push(wanted);
  };
  for (const record of records) {
    if (record.type === TYPE.SOA) zone.soa = record;
    else if (ns.choice !== 'force' || !isApexNs(record, origin)) {
      const hosted = inRules(toHosted(record, origin), record, rules);
      if (typeof hosted === 'string')
        zone.leftOut.push(`${typeName(record.type)} ${formatName(record.owner)}: ${hosted}`);
      else add(wantedOf(record, hosted, origin));
    }
  }
  if (ns.choice !== 'default') {
    const ttl = records.find((record) => isApexNs(record, origin))?.ttl ?? zone.soa?.ttl ?? 0;
    for (const data of ns.servers) {
      const hosted = { host: '@', type: 'ns', data, ttl };
      const record = fromHosted(hosted, origin);
      if (record !== undefined) add(wantedOf(record, hosted, origin));
    }
  }
  if (rules.oneTtl) shareTtls(zone.records);
  return zone;
}

/** A master file of what a service holds. */
export function textOf(records: readonly ResourceRecord[]): Buffer {
  const soa = records.filter(({ type }) => type === TYPE.SOA);
  const others = records.filter(({ type }) => type !== TYPE.SOA);
  return Buffer.from([...soa, ...others].map((record) => `${formatRecord(record)}\n`).join(''), 'latin1');
}

export function originOf(name: ZoneName): Name {
  return parseName(`${name}.`);
}

function isApexNs({ type, owner }: ResourceRecord, origin: Name): boolean {
  return type === TYPE.NS && lowerName(owner) === origin;
}

/** As it will be given back: text in several strings is one. */
function wantedOf(record: ResourceRecord, hosted: HostedRecord, origin: Name): Wanted {
  return { record, hosted, key: keyOf(fromHosted(hosted, origin) ?? record) };
}

function inRules(hosted: HostedRecord | string, record: ResourceRecord, rules: HostedRules): HostedRecord | string {
  const { service, types, longestHost, longestData } = rules;
  if (!types.has(record.type)) return `${service} has no records of this type`;
  if (typeof hosted === 'string') return hosted;
  if (hosted.host.length > longestHost) return `${service} takes names of at most ${longestHost} characters`;
  if (hosted.data.length > longestData) return `${service} takes at most ${longestData} characters`;
  return rules.refuses?.(hosted) ?? hosted;
}

function shareTtls(records: readonly Wanted[]): void {
  const smallest = new Map<string, number>();
  for (const { hosted } of records) {
    const host = hosted.host.toLowerCase();
    smallest.set(host, Math.min(hosted.ttl, smallest.get(host) ?? hosted.ttl));
  }
  for (const { hosted } of records) hosted.ttl = smallest.get(hosted.host.toLowerCase()) ?? hosted.ttl;
}
