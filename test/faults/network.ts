import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { needs } from '../needs.js';

const PROGRAMS = ['ip', 'tc', 'nft', 'nsenter'];
const ROUTER = 'router';
const OBSERVER = 'observer';
/** Names that begin so are ours; the number behind it is the process that made them. */
const PREFIX = 'dns-faults-';
const DNS_PORT = 53;

/** May these tests make networks? Only root may. In CI (CI=true) it is a failure where they may not. */
export function mayIsolate(): boolean {
  if (!needs(...PROGRAMS)) return false;
  if (process.getuid?.() === 0) return true;
  const message = 'making network namespaces needs root';
  if (process.env['CI'] === 'true') throw new Error(message);
  process.stderr.write(`SKIPPED: ${message}\n`);
  return false;
}

export type EndFault = () => void;

/** A host of the network: a network namespace with one link to the router. */
export interface Host {
  name: string;
  address: string;
  /** Options of `nsenter` that put a program there. */
  enter: string[];
}

/**
 * Hosts in network namespaces of their own, and a router between them that loses and delays what it is told to: the
 * hosts' own kernels do what they do in any network. Nothing of it is reachable from this machine's network, nor the
 * other way round.
 */
export class FaultyNetwork {
  static #made = 0;
  readonly #id = `${PREFIX}${process.pid}-${FaultyNetwork.#made++}`;
  readonly #hosts = new Map<string, Host>();
  /** The router's rules, of each fault. */
  readonly #faults = new Set<readonly string[]>();
  readonly #slow = new Set<string>();
  /** Reaches every host by a link of its own, past the router and its faults. */
  readonly observer: Host = { name: OBSERVER, address: '', enter: enter(this.#of(OBSERVER)) };

  static open(): FaultyNetwork {
    dropLeftBehind();
    const network = new FaultyNetwork();
    for (const name of [ROUTER, OBSERVER]) ip('netns', 'add', network.#of(name));
    run('nsenter', [...enter(network.#of(ROUTER)), 'sh', '-c', 'echo 1 >/proc/sys/net/ipv4/ip_forward']);
    return network;
  }

  /** Adds a host, which reaches all others. */
  join(name: string): Host {
    const number = this.#hosts.size + 1;
    const [router, host] = [this.#of(ROUTER), this.#of(name)];
    const [gateway, address] = [`10.77.${number}.1`, `10.77.${number}.2`];
    ip('netns', 'add', host);
    ip('link', 'add', `to-${name}`, 'netns', router, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', host);
    ip('-n', router, 'address', 'add', `${gateway}/24`, 'dev', `to-${name}`);
    ip('-n', router, 'link', 'set', `to-${name}`, 'up');
    ip('-n', host, 'address', 'add', `${address}/24`, 'dev', 'eth0');
    ip('-n', host, 'link', 'set', 'eth0', 'up');
    ip('-n', host, 'link', 'set', 'lo', 'up');
    ip('-n', host, 'route', 'add', 'default', 'via', gateway);
    this.#observe(name, number, address);
    const joined = { name, address, enter: enter(host) };
    this.#hosts.set(name, joined);
    return joined;
  }

  /** Nothing passes between the two. Returns what ends it, as all faults do. */
  cut(one: string, other: string): EndFault {
    return this.#begin([this.#drop(one, other), this.#drop(other, one)]);
  }

  /** Nothing passes from the one to the other; the other way all does: what is asked arrives, the answer does not. */
  loseAnswers(from: string, to: string): EndFault {
    return this.#begin([this.#drop(from, to)]);
  }

  /** Of what passes between the two, so much is lost, in both directions. */
  lose(percent: number, one: string, other: string): EndFault {
    const some = `numgen random mod 100 < ${percent}`;
    return this.#begin([this.#drop(one, other, some), this.#drop(other, one, some)]);
  }

  /** Its nameserver can't be asked by the other; all else of it answers. */
  muteDns(name: string, by: string): EndFault {
    return this.#begin([this.#drop(by, name, `meta l4proto { tcp, udp } th dport ${DNS_PORT}`)]);
  }

  /** Its link takes so many kilobits a second, in both directions, and what waits is delayed by up to two seconds. */
  slow(name: string, kilobits: number): EndFault {
    this.#slow.add(name);
    for (const { namespace, device } of this.#ends(name)) {
      const limit = ['rate', `${kilobits}kbit`, 'burst', '4kb', 'latency', '2s'];
      run('tc', ['-n', namespace, 'qdisc', 'replace', 'dev', device, 'root', 'tbf', ...limit]);
    }
    return () => this.#hasten(name);
  }

  /** Ends all faults. */
  heal(): void {
    this.#faults.clear();
    this.#rule();
    for (const name of this.#slow) this.#hasten(name);
  }

  /** The processes that run on this host. */
  processes(name: string): number[] {
    return run('ip', ['netns', 'pids', this.#of(name)])
      .split('\n')
      .filter((line) => line !== '')
      .map(Number);
  }

  /** Takes it all down, with what still runs there. */
  close(): void {
    for (const name of this.#hosts.keys()) for (const pid of this.processes(name)) process.kill(pid, 'SIGKILL');
    for (const name of [...this.#hosts.keys(), ROUTER, OBSERVER]) ip('netns', 'del', this.#of(name));
  }

  #of(name: string): string {
    return `${this.#id}-${name}`;
  }

  #observe(name: string, number: number, address: string): void {
    const [observer, host] = [this.#of(OBSERVER), this.#of(name)];
    const [here, there] = [`10.78.${number}.1`, `10.78.${number}.2`];
    ip('link', 'add', `to-${name}`, 'netns', observer, 'type', 'veth', 'peer', 'name', 'eth1', 'netns', host);
    ip('-n', observer, 'address', 'add', `${here}/24`, 'dev', `to-${name}`);
    ip('-n', observer, 'link', 'set', `to-${name}`, 'up');
    ip('-n', host, 'address', 'add', `${there}/24`, 'dev', 'eth1');
    ip('-n', host, 'link', 'set', 'eth1', 'up');
    ip('-n', observer, 'route', 'add', address, 'via', there);
  }

  #ends(name: string): { namespace: string; device: string }[] {
    return [
      { namespace: this.#of(ROUTER), device: `to-${name}` },
      { namespace: this.#of(name), device: 'eth0' },
    ];
  }

  #drop(from: string, to: string, which = ''): string {
    const [source, destination] = [from, to].map((name) => this.#hosts.get(name)?.address ?? '');
    return `ip saddr ${source} ip daddr ${destination} ${which} drop`;
  }

  #begin(rules: readonly string[]): EndFault {
    this.#faults.add(rules);
    this.#rule();
    return () => {
      this.#faults.delete(rules);
      this.#rule();
    };
  }

  #hasten(name: string): void {
    if (!this.#slow.delete(name)) return;
    for (const { namespace, device } of this.#ends(name))
      run('tc', ['-n', namespace, 'qdisc', 'del', 'dev', device, 'root']);
  }

  /** The router's rules as a whole, at once. */
  #rule(): void {
    const rules = [...this.#faults].flat().join('\n');
    const chain = `chain forward { type filter hook forward priority 0; policy accept;\n${rules}\n}`;
    const ruleset = `flush ruleset\ntable ip faults {\n${chain}\n}\n`;
    run('nsenter', [...enter(this.#of(ROUTER)), 'nft', '-f', '-'], ruleset);
  }
}

function enter(namespace: string): string[] {
  return [`--net=/run/netns/${namespace}`];
}

function ip(...args: string[]): void {
  run('ip', args);
}

function run(program: string, args: string[], input?: string): string {
  const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` };
  return execFileSync(program, args, {
    encoding: 'utf8',
    timeout: 20_000,
    env,
    ...(input === undefined ? {} : { input }),
  });
}

/** A test process that was killed could take nothing down. */
function dropLeftBehind(): void {
  const names = run('ip', ['netns', 'list'])
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '');
  for (const name of names) {
    const maker = name.startsWith(PREFIX) ? name.slice(PREFIX.length).split('-')[0] : undefined;
    if (maker !== undefined && !existsSync(`/proc/${maker}`)) ip('netns', 'del', name);
  }
}
