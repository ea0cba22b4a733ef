import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PdnsServer } from '../../src/nameservers/powerdns/powerdns.js';
import { createLog } from '../../src/operations/log.js';
import { freePort } from '../../src/operations/ports.js';
import { run } from '../needs.js';
import { OperatorProcess, OWN_ZONE_TEXT } from './operator-process.js';
import { OWN_ZONE, type OperatorServer } from './operator-server.js';

/** A real PowerDNS with the bind backend as an operator would run it, its caches and its DNSSEC database included. */
export class OperatorsPdns implements OperatorServer {
  readonly includeFile: string;
  readonly #process: OperatorProcess;

  private constructor(
    readonly folder: string,
    readonly dns: { host: string; port: number },
  ) {
    this.includeFile = join(folder, 'cluster.conf');
    this.#process = new OperatorProcess('pdns_server', [`--config-dir=${folder}`], dns, join(folder, 'log'));
  }

  static async configure(): Promise<OperatorsPdns> {
    const folder = await mkdtemp(join(tmpdir(), 'dns-cluster-operator-'));
    const dns = { host: '127.0.0.1', port: await freePort() };
    const server = new OperatorsPdns(folder, dns);
    await writeFile(server.includeFile, '');
    await writeFile(join(folder, OWN_ZONE), OWN_ZONE_TEXT);
    await writeFile(
      join(folder, 'named.conf'),
      `zone "${OWN_ZONE}" { type master; file "${folder}/${OWN_ZONE}"; };\ninclude "${server.includeFile}";\n`,
    );
    await writeFile(
      join(folder, 'pdns.conf'),
      [
        'launch=bind',
        `bind-config=${folder}/named.conf`,
        `bind-dnssec-db=${folder}/dnssec.sqlite3`,
        `local-address=${dns.host}`,
        `local-port=${dns.port}`,
        `socket-dir=${folder}`,
        ...['daemon=no', 'guardian=no', 'setuid=', 'setgid=', 'security-poll-suffix='],
      ].join('\n'),
    );
    server.pdnsutil('create-bind-db', join(folder, 'dnssec.sqlite3'));
    return server;
  }

  /** As its administrator types it. */
  pdnsutil(...args: string[]): void {
    run('pdnsutil', `--config-dir=${this.folder}`, ...args);
  }

  start(): Promise<void> {
    return this.#process.start();
  }

  kill(signal?: NodeJS.Signals): Promise<void> {
    return this.#process.kill(signal);
  }

  freeze(): Promise<void> {
    return this.#process.freeze();
  }

  thaw(): void {
    this.#process.thaw();
  }

  /** It remembers nothing but what is in its configuration. */
  loseState(): Promise<void> {
    return Promise.resolve();
  }

  driver(folder: string): PdnsServer {
    const operator = {
      controlSocket: join(this.folder, 'pdns.controlsocket'),
      includeFile: this.includeFile,
      configFolder: this.folder,
    };
    return new PdnsServer({ dns: this.dns, folder, operator, log: createLog({ level: 'silent' }) });
  }

  async end(): Promise<void> {
    await this.#process.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}
