import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseName } from '../../src/dns/name.js';
import { DnsClient } from '../../src/dns/messages/query.js';
import type { ControlledServer } from '../../src/nameservers/controlled/controlled-server.js';
import { processesServing } from '../../src/nameservers/controlled/memory.js';
import type { NameserverSettings } from '../../src/nameservers/nameserver-settings.js';
import type { DnsAddress } from '../../src/nameservers/nameserver.js';
import { withServerPrograms } from '../../src/nameservers/controlled/private-process.js';
import { freePort } from '../../src/operations/ports.js';
import { OWN_ZONE, type OperatorServer } from './operator-server.js';

/** The text of OWN_ZONE. */
export const OWN_ZONE_TEXT = `$TTL 300
@ SOA ns1.host.example. hostmaster.host.example. 7 3600 600 86400 300
@ NS ns1.host.example.
@ A 192.0.2.200
`;

const START_TIMEOUT = 20_000;

/** A folder and a free address for a server of the operator. */
export async function placeForServer(): Promise<{ folder: string; dns: DnsAddress }> {
  const folder = await mkdtemp(join(tmpdir(), 'dns-cluster-operator-'));
  return { folder, dns: { host: '127.0.0.1', port: await freePort() } };
}

/**
 * A server in the foreground, in a process group of its own, so that all its processes can be stopped and ended by
 * their id.
 */
export abstract class OperatorProcess implements OperatorServer {
  readonly folder: string;
  readonly dns: DnsAddress;
  readonly #program: string;
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;

  protected constructor(
    { folder, dns }: { folder: string; dns: DnsAddress },
    { program, args }: { program: string; args: readonly string[] },
  ) {
    this.folder = folder;
    this.dns = dns;
    this.#program = program;
    this.#args = args;
  }

  abstract readonly settings: NameserverSettings;
  abstract loseState(): Promise<void>;
  abstract driver(folder: string): ControlledServer;

  get includeFile(): string {
    return join(this.folder, 'cluster.conf');
  }

  async start(): Promise<void> {
    const log = join(this.folder, 'log');
    const output = openSync(log, 'a');
    const child = spawn(this.#program, this.#args, {
      detached: true,
      stdio: ['ignore', output, output],
      env: withServerPrograms(),
    });
    closeSync(output);
    this.#child = child;
    const client = new DnsClient(this.dns, { timeout: 200 });
    const deadline = Date.now() + START_TIMEOUT;
    try {
      while ((await client.soaSerial(parseName(`${OWN_ZONE}.`)).catch(() => undefined)) !== 7) {
        const over = child.exitCode !== null || Date.now() > deadline;
        if (over) throw new Error(`${this.#program} did not start:\n${await readFile(log, 'latin1')}`);
        await pause(5);
      }
    } finally {
      client.close();
    }
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    this.#signal(signal);
    await exit;
    // Processes that it forked have its port, and may take a moment longer.
    while ((await processesServing(this.dns)).length > 0) await pause(2);
  }

  async settled(): Promise<void> {
    // Most servers answer from one process.
  }

  async freeze(): Promise<void> {
    this.#signal('SIGSTOP');
    const state = `/proc/${this.#child?.pid ?? 0}/stat`;
    while (!/\) T /.test(await readFile(state, 'latin1'))) await pause(1);
  }

  thaw(): void {
    this.#signal('SIGCONT');
  }

  async end(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Its processes that are no zombies. */
  protected async processes(): Promise<number> {
    const pid = this.#child?.pid;
    if (pid === undefined) return 0;
    const entries = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
    const stats = await Promise.all(entries.map((entry) => readFile(`/proc/${entry}/stat`, 'latin1').catch(() => '')));
    return stats.filter((stat) => new RegExp(`\\) [^Z] \\d+ ${pid} `).test(stat)).length;
  }

  #signal(signal: NodeJS.Signals): void {
    const pid = this.#child?.pid;
    if (pid !== undefined) process.kill(-pid, signal);
  }
}
