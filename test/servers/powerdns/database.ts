import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { DnsAddress } from '../../../src/nameservers/nameserver.js';
import { withServerPrograms } from '../../../src/nameservers/controlled/private-process.js';
import { freePort } from '../../../src/operations/ports.js';

export const API_KEY = 'k3y-of-the-api';
const SCHEMA = '/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql';
const START_TIMEOUT = 20_000;

/** A real PowerDNS with its zones in SQLite and its HTTP API on, on loopback ports with a folder of its own. */
export class PowerDnsWithDatabase {
  readonly folder: string;
  readonly dns: DnsAddress;
  readonly #apiPort: number;
  #child: ChildProcess | undefined;

  private constructor(folder: string, dns: DnsAddress, apiPort: number) {
    this.folder = folder;
    this.dns = dns;
    this.#apiPort = apiPort;
  }

  static async start(): Promise<PowerDnsWithDatabase> {
    const folder = await mkdtemp(join(tmpdir(), 'pdns-api-'));
    const server = new PowerDnsWithDatabase(folder, { host: '127.0.0.1', port: await freePort() }, await freePort());
    execFileSync('sqlite3', [join(folder, 'zones.sqlite')], { input: readFileSync(SCHEMA) });
    await writeFile(
      join(folder, 'pdns.conf'),
      [
        ...['launch=gsqlite3', `gsqlite3-database=${folder}/zones.sqlite`, 'gsqlite3-pragma-synchronous=0'],
        ...['gsqlite3-dnssec=yes', `local-address=${server.dns.host}`, `local-port=${server.dns.port}`],
        ...['api=yes', `api-key=${API_KEY}`, 'webserver=yes', 'webserver-address=127.0.0.1'],
        ...[`webserver-port=${server.#apiPort}`, 'webserver-allow-from=127.0.0.1', `socket-dir=${folder}`],
        // Else it may answer for some seconds what it answered before.
        ...['cache-ttl=0', 'query-cache-ttl=0', 'negquery-cache-ttl=0', 'zone-cache-refresh-interval=0'],
        ...['daemon=no', 'guardian=no', 'setuid=', 'setgid=', 'security-poll-suffix='],
      ].join('\n'),
    );
    await server.run();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#apiPort}`;
  }

  /** A call of its API, as its administrator makes it. */
  async api(method: string, path: string, body?: object): Promise<{ status: number; answer: unknown }> {
    const answer = await fetch(`${this.url}/api/v1/servers/localhost${path}`, {
      method,
      headers: { 'x-api-key': API_KEY },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, answer: text === '' ? undefined : (JSON.parse(text) as unknown) };
  }

  async run(): Promise<void> {
    const log = join(this.folder, 'log');
    const output = openSync(log, 'a');
    const child = spawn('pdns_server', [`--config-dir=${this.folder}`], {
      stdio: ['ignore', output, output],
      env: withServerPrograms(),
    });
    closeSync(output);
    this.#child = child;
    const deadline = Date.now() + START_TIMEOUT;
    while ((await this.api('GET', '').catch(() => undefined))?.status !== 200) {
      const over = child.exitCode !== null || Date.now() > deadline;
      if (over) throw new Error(`pdns_server did not start:\n${await readFile(log, 'latin1')}`);
      await pause(10);
    }
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  }

  async end(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}
