import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KnotServer } from '../../src/nameservers/knot/knot.js';
import { createLog } from '../../src/operations/log.js';
import { freePort } from '../../src/operations/ports.js';
import { OperatorProcess, OWN_ZONE_TEXT } from './operator-process.js';
import { OWN_ZONE, type OperatorServer } from './operator-server.js';

/** A real Knot as an operator would run it. */
export class OperatorsKnot implements OperatorServer {
  readonly includeFile: string;
  readonly #process: OperatorProcess;

  private constructor(
    readonly folder: string,
    readonly dns: { host: string; port: number },
  ) {
    this.includeFile = join(folder, 'cluster.conf');
    this.#process = new OperatorProcess('knotd', ['-c', join(folder, 'knot.conf')], dns, join(folder, 'log'));
  }

  static async configure(): Promise<OperatorsKnot> {
    const folder = await mkdtemp(join(tmpdir(), 'dns-cluster-operator-'));
    const dns = { host: '127.0.0.1', port: await freePort() };
    const server = new OperatorsKnot(folder, dns);
    await writeFile(server.includeFile, '');
    await writeFile(join(folder, OWN_ZONE), OWN_ZONE_TEXT);
    await writeFile(
      join(folder, 'knot.conf'),
      `server:
    rundir: "${folder}"
    listen: 127.0.0.1@${dns.port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: "${folder}/db"
    journal-db-max-size: 4M
control:
    listen: "${folder}/control"
log:
  - target: stderr
    any: info
template:
  - id: default
    storage: "${folder}"
zone:
  - domain: ${OWN_ZONE}
    file: "${OWN_ZONE}"
include: "${server.includeFile}"
`,
    );
    return server;
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

  /** Its databases: journal, timers, keys. */
  async loseState(): Promise<void> {
    await rm(join(this.folder, 'db'), { recursive: true, force: true });
  }

  driver(folder: string): KnotServer {
    const operator = { controlSocket: join(this.folder, 'control'), includeFile: this.includeFile };
    return new KnotServer({ dns: this.dns, folder, operator, log: createLog({ level: 'silent' }) });
  }

  async end(): Promise<void> {
    await this.#process.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}
