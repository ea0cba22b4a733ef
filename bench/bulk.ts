import type { NameserverKind } from '../src/nameservers/kinds.js';
import { TwoNodes, untilAllAnswered } from './two-nodes.js';

const SERIAL = 2026010101;

/** New zones from a panel to a fresh member, from "join" until the member's nameserver answers every one: zones a second. */
export async function bulk(count: number, nameserver: NameserverKind): Promise<number> {
  const nodes = await TwoNodes.start(count, nameserver);
  const client = nodes.askMember(500);
  try {
    const start = performance.now();
    await nodes.join();
    await untilAllAnswered(client, nodes.zones, SERIAL, 300_000);
    return count / ((performance.now() - start) / 1000);
  } finally {
    client.close();
    await nodes.stop();
  }
}
