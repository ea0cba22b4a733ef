import { parseName } from '../dns/name.js';
import { DnsClient, type DnsServer } from '../dns/query.js';
import { TYPE } from '../dns/types.js';
import { sentenceOf } from '../errors.js';
import type { AppendTable } from '../state/append-table.js';
import type { ZoneName } from '../zones/zone-name.js';
import type { LedgerEntry } from './ledger.js';
import type { MemberWorkerOptions } from './member-worker-options.js';

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

/** Asks the nameserver of one member now and then. */
export class NameserverProbe {
  readonly #dns: DnsServer | undefined;
  readonly #ledger: AppendTable<LedgerEntry>;
  #silent: SilentNameserver | undefined;

  constructor({ dns, ledger }: Pick<MemberWorkerOptions, 'dns' | 'ledger'>) {
    this.#dns = dns;
    this.#ledger = ledger;
  }

  /** How it did not answer when it was asked last; undefined where it did, or where it is not known where it is. */
  get silent(): SilentNameserver | undefined {
    return this.#silent;
  }

  /** Asks it for a zone that it acknowledged, where there is one. Never rejects. */
  async look(): Promise<void> {
    if (this.#dns === undefined) return;
    const [held] = this.#ledger.entries();
    this.#silent = await probeNameserver(this.#dns, held?.[0] as ZoneName | undefined, this.#silent);
  }
}

/**
 * Asks a nameserver for the SOA of a zone over UDP and over TCP: resolvers need both (RFC 7766 §5). Any answer is one, also a refusal:
 * whether it answers right is what the drift check looks at. Undefined where it answers both; never rejects.
 */
export async function probeNameserver(
  dns: DnsServer,
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
      const client = new DnsClient(dns, { timeout: TIMEOUT, tcp });
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
