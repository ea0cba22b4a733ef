import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NsdServer } from '../../src/nameservers/nsd/nsd.js';
import { createLog } from '../../src/operations/log.js';
import { freePort } from '../../src/operations/ports.js';
import { OperatorProcess, OWN_ZONE_TEXT } from './operator-process.js';
import { OWN_ZONE, type OperatorServer } from './operator-server.js';

/** A real NSD as an operator would run it. */
export class OperatorsNsd implements OperatorServer {
  readonly includeFile: string;
  readonly #process: OperatorProcess;

  private constructor(
    readonly folder: string,
    readonly dns: { host: string; port: number },
  ) {
    this.includeFile = join(folder, 'cluster.conf');
    this.#process = new OperatorProcess('nsd', ['-d', '-c', join(folder, 'nsd.conf')], dns, join(folder, 'log'));
  }

  /** Without a limit of the rate of its answers, as we advise; `rateLimit` gives it NSD's default one. */
  static async configure({ rateLimit = false } = {}): Promise<OperatorsNsd> {
    const folder = await mkdtemp(join(tmpdir(), 'dns-cluster-operator-'));
    const dns = { host: '127.0.0.1', port: await freePort() };
    const server = new OperatorsNsd(folder, dns);
    await writeFile(server.includeFile, '');
    await writeFile(join(folder, OWN_ZONE), OWN_ZONE_TEXT);
    await writeFile(
      join(folder, 'nsd.conf'),
      `server:
        ip-address: 127.0.0.1@${dns.port}
        username: ""
        zonesdir: "${folder}"
        database: ""
        pidfile: "${folder}/nsd.pid"
        xfrdfile: "${folder}/xfrd.state"
        xfrdir: "${folder}"
        zonelistfile: "${folder}/zone.list"
        rrl-ratelimit: ${rateLimit ? 200 : 0}
      remote-control:
        control-enable: yes
        control-interface: "${folder}/control"
      zone:
        name: ${OWN_ZONE}
        zonefile: "${folder}/${OWN_ZONE}"
      include: "${server.includeFile}"
      `.replaceAll(/^ {6}/gm, ''),
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

  /** Its list of zones that were added by addzone. */
  async loseState(): Promise<void> {
    await rm(join(this.folder, 'zone.list'), { force: true });
  }

  driver(folder: string): NsdServer {
    const operator = { controlSocket: join(this.folder, 'control'), includeFile: this.includeFile };
    return new NsdServer({ dns: this.dns, folder, operator, log: createLog({ level: 'silent' }) });
  }

  async end(): Promise<void> {
    await this.#process.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}
