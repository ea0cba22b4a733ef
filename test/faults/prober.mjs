// A process that asks nameservers for the SOA of every zone, round after round, and says what is answered otherwise
// than before.
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { setImmediate } from 'node:timers';
import { setTimeout as pause } from 'node:timers/promises';
import { parseName } from '../../dist/dns/name.js';
import { DnsClient } from '../../dist/dns/messages/query.js';
import { soaSerial } from '../../dist/dns/serial.js';
import { TYPE } from '../../dist/dns/types.js';

const ROUND = 250;
const TIMEOUT = 1_000;
const zones = new Set();

async function watch({ name: server, address }) {
  const client = new DnsClient({ host: address, port: 53 }, { timeout: TIMEOUT });
  const before = new Map();
  const look = async (zone) => {
    const { rcode, aa, answer } = await client.query(parseName(`${zone}.`), TYPE.SOA);
    // Who answers without authority does not have the zone.
    const serial = rcode === 0 && aa ? soaSerial(answer) : undefined;
    const seen = serial === undefined ? `rcode ${rcode}` : serial;
    if (before.get(zone) === seen) return;
    before.set(zone, seen);
    process.send({ server, zone, seen });
  };
  for (;;) {
    const begun = performance.now();
    const looks = await Promise.allSettled([...zones].map(look));
    const answered = looks.filter(({ status }) => status === 'fulfilled').length;
    process.send({ server, answered, silent: looks.length - answered });
    await pause(Math.max(50, ROUND - (performance.now() - begun)));
  }
}

process.on('message', ({ servers = [], zone, ping }) => {
  // Behind what was received before.
  if (ping) setImmediate(() => process.send({ pong: true }));
  if (zone !== undefined) zones.add(zone);
  for (const server of servers) void watch(server);
});
process.on('disconnect', () => process.exit());
