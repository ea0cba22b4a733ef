import { parseName } from '../../dns/name.js';
import { DnsClient, type DnsServer } from '../../dns/messages/query.js';
import { TYPE } from '../../dns/types.js';
import { sentenceOf } from '../../errors.js';
import type { ZoneName } from '../../zones/zone-name.js';
import type { SilentNameserver } from '../model/member-status.js';

const TIMEOUT = 3_000;

/** Asks the nameserver of one member now and then. */
export class NameserverProbe {
  readonly #dns: DnsServer | undefined;
  readonly #zoneThere: () => ZoneName | undefined;
  readonly #ending: AbortSignal | undefined;
  #silent: SilentNameserver | undefined;

  /** `held`: a zone that it acknowledged, where there is one. */
  constructor(dns: DnsServer | undefined, zoneThere: () => ZoneName | undefined, ending?: AbortSignal) {
    this.#dns = dns;
    this.#zoneThere = zoneThere;
    this.#ending = ending;
  }

  /** How it did not answer when it was asked last; undefined where it did, or where it is not known where it is. */
  get silent(): SilentNameserver | undefined {
    return this.#silent;
  }

  /** Asks it for a zone that it acknowledged, where there is one. Never rejects. */
  async probe(): Promise<void> {
    if (this.#dns === undefined) return;
    this.#silent = await probeNameserver(this.#dns, this.#zoneThere(), this.#silent, this.#ending);
  }
}

/**
 * Asks a nameserver for the SOA of a zone over UDP and over TCP: resolvers need both (RFC 7766 §5). Any answer is one,
 * also a refusal: the drift check tells whether it is right. Undefined where it answers both; never rejects.
 */
export async function probeNameserver(
  dns: DnsServer,
  zone: ZoneName | undefined,
  before: SilentNameserver | undefined,
  signal?: AbortSignal,
): Promise<SilentNameserver | undefined> {
  const name = parseName(zone === undefined ? '.' : `${zone}.`);
  const ways = [
    { over: 'UDP', tcp: false },
    { over: 'TCP', tcp: true },
  ] as const;
  const silent = await Promise.all(
    ways.map(async ({ over, tcp }) => {
      const client = new DnsClient(dns, { timeout: TIMEOUT, tcp, signal });
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
