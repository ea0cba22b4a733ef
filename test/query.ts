import type { Name } from '../src/dns/name.js';
import { DnsClient, type DnsAnswer, type DnsServer, type QueryOptions } from '../src/dns/messages/query.js';

/** Asks one nameserver one question. Rejects with dns_no_answer; any rcode is an answer. */
export async function query(
  server: DnsServer,
  name: Name,
  type: number,
  options: QueryOptions = {},
): Promise<DnsAnswer> {
  const client = new DnsClient(server, options);
  try {
    return await client.query(name, type);
  } finally {
    client.close();
  }
}
