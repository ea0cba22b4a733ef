import type { NameserverKind } from '../src/nameservers/nameserver-settings.js';
import { NodeProcesses, untilAllAnswered } from '../test/node-processes.js';

const SERIAL = 2026010101;

/**
 * New zones from a panel to a fresh member, from "join" until the member's nameserver answers every one: zones a
 * second.
 */
export async function bulk(count: number, nameserver: NameserverKind): Promise<number> {
  const nodes = await NodeProcesses.start({ count, members: [nameserver] });
  const client = nodes.ask(500);
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
