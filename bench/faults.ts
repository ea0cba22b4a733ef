import { parseName } from '../src/dns/name.js';
import type { DnsClient } from '../src/dns/messages/query.js';
import type { NameserverKind } from '../src/nameservers/nameserver-settings.js';
import { processesServing } from '../src/nameservers/controlled/memory.js';
import { hostingZone } from '../test/hosting-zones.js';
import { NodeProcesses, untilAllAnswered } from '../test/node-processes.js';
import { median, percentile } from './figures.js';

/*
 * How much a member that is a black hole, and a zone that members refuse, slow down everybody else: single changes with
 * four members, from the panel's "accepted" to the first answer of each healthy member's nameserver. Rounds with and
 * without the faults in turn, because a machine's speed drifts. Every so many changes are followed by one of the poison
 * zone, in a round without faults by one that is as large and sound. Arguments: zones, changes a round, rounds, changes
 * for one of the poison zone, kind of the members' nameservers.
 */
const [zones = '1000', changes = '400', rounds = '5', poisonEvery = '20', kind = 'bind'] = process.argv.slice(2);
const ZONES = Number(zones);
const CHANGES = Number(changes);
const POISON_EVERY = Number(poisonEvery);
const MEMBERS = 4;
const SERIAL = 2026010101;
const SERVED_WITHIN = 30_000;
const WITHIN = 300_000;
/** So many records of a name and type: BIND takes 100, the panel's embedded nameserver more. */
const wide = (records: number): string => Array.from({ length: records }, (_, i) => `wide A 192.0.2.${i}\n`).join('');
const [SOUND, POISON] = [wide(100), wide(101)];

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};
const rounded = (value: number): number => Math.round(value * 100) / 100;

interface Figures {
  p50: number;
  p99: number;
}

class Faults {
  #serial = SERIAL;

  constructor(
    readonly nodes: NodeProcesses,
    readonly clients: readonly DnsClient[],
  ) {}

  /** Milliseconds of each change at each of the first three members. */
  async round(isFaulty: boolean): Promise<Figures> {
    const taken: number[] = [];
    for (let i = 0; i < CHANGES; i++) {
      if (i % POISON_EVERY === 0) await this.#save(0, isFaulty ? POISON : SOUND);
      taken.push(...(await this.#change(1 + ((i * 7919) % (ZONES - 1)))));
    }
    return { p50: percentile(taken, 0.5), p99: percentile(taken, 0.99) };
  }

  /** Makes the last member answer nothing, neither its API nor its nameserver; returns how it is let go on. */
  async blackHole(): Promise<() => void> {
    const member = this.nodes.members[MEMBERS - 1];
    if (member === undefined) throw new Error('no member');
    const pids = [...new Set([member.pid, ...(await processesServing(member.settings.nameserver))])];
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    return () => {
      for (const pid of pids) process.kill(pid, 'SIGCONT');
    };
  }

  /** The poison zone is sound again, and everybody has everything. */
  async heal(): Promise<void> {
    await this.#save(0);
    for (const deadline = performance.now() + WITHIN; ;) {
      const { member } = (await this.nodes.call('listmembers')) as { member: { pending: number; state: string }[] };
      if (member.every(({ pending, state }) => pending === 0 && state === 'online')) return;
      if (performance.now() > deadline) throw new Error(`not in sync again: ${JSON.stringify(member)}`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  async #save(i: number, more = ''): Promise<{ name: string; serial: number; accepted: number }> {
    const serial = ++this.#serial;
    const { name, text } = hostingZone(i, 'hosting', serial);
    await this.nodes.call('savezone', { zone: name, zonedata: text + more, wait: 'local' });
    return { name, serial, accepted: performance.now() };
  }

  async #change(i: number): Promise<number[]> {
    const { name, serial, accepted } = await this.#save(i);
    const owner = parseName(`${name}.`);
    return Promise.all(
      this.clients.map(async (client) => {
        while ((await client.soaSerial(owner)) !== serial) {
          if (performance.now() - accepted > SERVED_WITHIN) throw new Error(`${name} is not served`);
        }
        return performance.now() - accepted;
      }),
    );
  }
}

const members = Array.from({ length: MEMBERS }, () => kind as NameserverKind);
const nodes = await NodeProcesses.start({ count: ZONES, members });
const all = nodes.members.map((member) => nodes.ask(500, member));
const bench = new Faults(nodes, all.slice(0, MEMBERS - 1));
try {
  for (const [i, member] of nodes.members.entries()) {
    await nodes.join(member);
    await untilAllAnswered(all[i] ?? nodes.ask(500), nodes.zones, SERIAL, WITHIN);
  }
  await bench.round(false);
  const healthy: Figures[] = [];
  const faulty: Figures[] = [];
  for (let i = 0; i < Number(rounds); i++) {
    healthy.push(await bench.round(false));
    const release = await bench.blackHole();
    try {
      faulty.push(await bench.round(true));
    } finally {
      release();
    }
    await bench.heal();
    say(`round ${i + 1}: ${JSON.stringify({ healthy: healthy.at(-1), faulty: faulty.at(-1) })}`);
  }
  const of = (runs: readonly Figures[], key: keyof Figures): number => median(runs.map((run) => run[key]));
  for (const key of ['p50', 'p99'] as const) {
    const [before, after] = [of(healthy, key), of(faulty, key)];
    say(
      `${key}: all well ${rounded(before)} ms, with the faults ${rounded(after)} ms, ratio ${rounded(after / before)}`,
    );
  }
} finally {
  for (const client of all) client.close();
  await nodes.stop();
}
