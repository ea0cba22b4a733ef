import type { ResourceRecord } from '../../dns/zone.js';
import { formatName, lowerName } from '../../dns/name.js';
import type { DnsClient } from '../../dns/messages/query.js';
import { TYPE, typeName } from '../../dns/types.js';

/**
 * Types that 4.7 reads from a master file as every other server does: without names, or with names that it completes.
 */
const READ_WELL = new Set<number>([
  ...[TYPE.A, TYPE.AAAA, TYPE.NS, TYPE.CNAME, TYPE.DNAME, TYPE.PTR, TYPE.MX, TYPE.SOA, TYPE.SRV, TYPE.TXT, TYPE.CAA],
  ...[TYPE.DS, TYPE.DNSKEY, TYPE.RRSIG, TYPE.NSEC, TYPE.NSEC3, TYPE.NSEC3PARAM, TYPE.TLSA, TYPE.SSHFP],
]);

/** Those records of a zone that PowerDNS may read in another way. */
export function rareRecords(records: readonly ResourceRecord[]): ResourceRecord[] {
  return records.filter(({ type }) => !READ_WELL.has(type));
}

/**
 * Looks whether PowerDNS answers rare records as the file says, and says which it does not. It takes names in NAPTR,
 * SVCB and others for absolute where they are relative, and would answer with wrong ones. Below a delegation nothing
 * can be seen.
 */
export async function wrongAnswer(client: DnsClient, rare: readonly ResourceRecord[]): Promise<string | undefined> {
  const sets = new Map<string, ResourceRecord[]>();
  for (const record of rare) {
    const key = `${lowerName(record.owner)} ${record.type}`;
    sets.set(key, [...(sets.get(key) ?? []), record]);
  }
  for (const set of sets.values()) {
    const [first] = set;
    if (first === undefined) continue;
    const { aa, answer } = await client.query(first.owner, first.type);
    const given = answer.filter(({ type }) => type === first.type);
    if (aa && sorted(given) !== sorted(set)) {
      return `PowerDNS answers ${typeName(first.type)} of ${formatName(first.owner)} with other names than the file says: write names in such records with their final dot.`;
    }
  }
  return undefined;
}

function sorted(records: readonly ResourceRecord[]): string {
  return records
    .map(({ rdata }) => rdata.toLowerCase())
    .sort()
    .join('\n');
}
