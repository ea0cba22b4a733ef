import { formatRecord } from '../../dns/zone-text/printer.js';
import { parseName } from '../../dns/name.js';
import { DnsClient, type DnsServer } from '../../dns/messages/query.js';
import { TYPE } from '../../dns/types.js';
import { sentenceOf } from '../../errors.js';
import type { ZoneName } from '../../zones/zone-name.js';

/** One question to a member's nameserver, and what it answered. */
export interface MemberAnswer {
  /** What to type to ask the same. */
  command: string;
  /** Records of the answer, a line each; empty where it has none. */
  lines: string[];
  /** In words: `It answers with authority.` */
  verdict: string;
  milliseconds: number;
}

const TIMEOUT = 3_000;
const DNS_PORT = 53;
const NOT_AUTHORITATIVE = 'It answers, and says that the zone is not its own.';
/** RFC 1035 §4.1.1 */
const REFUSALS: Readonly<Record<number, string>> = {
  2: 'It has the zone and can not answer for it (SERVFAIL).',
  3: 'It says that there is no such name (NXDOMAIN).',
  5: 'It does not have the zone (REFUSED).',
};

/** Asks the nameserver at this address for the SOA of a zone. Never rejects: no answer is an answer, too. */
export async function askForSoa(dns: DnsServer, zone: ZoneName, signal?: AbortSignal): Promise<MemberAnswer> {
  const { host, port } = dns;
  const at = port === DNS_PORT ? '' : ` -p ${port}`;
  const command = `dig @${host}${at} ${zone} SOA +norecurse`;
  const client = new DnsClient(dns, { timeout: TIMEOUT, signal });
  const start = performance.now();
  const taken = (): number => Math.round(performance.now() - start);
  try {
    const { rcode, aa, answer } = await client.query(parseName(`${zone}.`), TYPE.SOA);
    const verdict = REFUSALS[rcode] ?? (rcode === 0 ? 'It answers with authority.' : `It answers with code ${rcode}.`);
    const isOwn = aa || rcode !== 0;
    return {
      command,
      lines: answer.map(formatRecord),
      verdict: isOwn ? verdict : NOT_AUTHORITATIVE,
      milliseconds: taken(),
    };
  } catch (error) {
    return { command, lines: [], verdict: sentenceOf(error), milliseconds: taken() };
  } finally {
    client.close();
  }
}
