import { parseName } from '../dns/name.js';
import { DnsClient } from '../dns/query.js';
import { TYPE } from '../dns/types.js';
import { sentenceOf } from '../errors.js';
import type { ZoneName } from '../zones/zone-name.js';

/** By which ways a member's nameserver did not answer when it was asked last, and since when. */
export interface SilentNameserver {
  /** `UDP`, `TCP`; both where it is down or a firewall stands before it. */
  over: readonly ('UDP' | 'TCP')[];
  /** The sentence of the first of them. */
  why: string;
  /** ISO time of the first probe in a row without an answer. */
  since: string;
}

const TIMEOUT = 3_000;

/**
 * Asks a nameserver for the SOA of a zone over UDP and over TCP: resolvers need both (RFC 7766 §5). Any answer is one, also a refusal:
 * whether it answers right is what the drift check looks at. Undefined where it answers both; never rejects.
 */
export async function probeNameserver(
  { host, port }: { host: string; port: number },
  zone: ZoneName | undefined,
  before: SilentNameserver | undefined,
): Promise<SilentNameserver | undefined> {
  const name = parseName(zone === undefined ? '.' : `${zone}.`);
  const ways = [
    { over: 'UDP', tcp: false },
    { over: 'TCP', tcp: true },
  ] as const;
  const silent = await Promise.all(
    ways.map(async ({ over, tcp }) => {
      const client = new DnsClient({ host, port }, { timeout: TIMEOUT, tcp });
      try {
        await client.query(name, TYPE.SOA);
        return [];
      } catch (error) {
        return [{ over, why: sentenceOf(error) }];
      } finally {
        client.close();
      }
    }),
  );
  const [first, ...others] = silent.flat();
  if (first === undefined) return undefined;
  const since = before?.since ?? new Date().toISOString();
  return { over: [first, ...others].map(({ over }) => over), why: first.why, since };
}
