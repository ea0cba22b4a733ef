import { parseName } from '../src/dns/name.js';
import type { NameserverKind } from '../src/nameservers/nameserver-settings.js';
import { hostingZone } from '../test/hosting-zones.js';
import { NodeProcesses, untilAllAnswered } from '../test/node-processes.js';
import { percentile } from './figures.js';

const SERIAL = 2026010101;
const SERVED_WITHIN = 10_000;

export interface ChangeFigures {
  p50: number;
  p99: number;
}

/**
 * One change of one zone at a time, with `count` zones loaded on both sides: milliseconds from the panel's "accepted"
 * to the first answer of the member's nameserver with the new serial, which is asked without a pause.
 */
export async function changes(count: number, times: number, nameserver: NameserverKind): Promise<ChangeFigures> {
  const nodes = await NodeProcesses.start({ count, members: [nameserver] });
  const dns = nodes.ask(500);
  try {
    await nodes.join();
    await untilAllAnswered(dns, nodes.zones, SERIAL, 300_000);
    const taken: number[] = [];
    for (let i = 0; i < times; i++) {
      const serial = SERIAL + 1 + i;
      const { name, text } = hostingZone((i * 7919) % count, 'hosting', serial);
      await nodes.call('savezone', { zone: name, zonedata: text, wait: 'local' });
      const accepted = performance.now();
      const owner = parseName(`${name}.`);
      while ((await dns.soaSerial(owner)) !== serial) {
        if (performance.now() - accepted > SERVED_WITHIN)
          throw new Error(`${name} is not served within ${SERVED_WITHIN} ms`);
      }
      taken.push(performance.now() - accepted);
    }
    return { p50: percentile(taken, 0.5), p99: percentile(taken, 0.99) };
  } finally {
    dns.close();
    await nodes.stop();
  }
}
