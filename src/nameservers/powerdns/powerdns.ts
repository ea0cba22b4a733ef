import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DnsClient } from '../../dns/messages/query.js';
import { socketPath } from '../../operations/socket-path.js';
import { replaceFile } from '../../state/durable-file.js';
import { ControlledNameserver } from '../controlled/controlled-nameserver.js';
import type { ServerConnection, ServerFacts } from '../controlled/controlled-server.js';
import { IncludeFile } from '../controlled/include-file.js';
import type { ServerCommand } from '../controlled/private-process.js';
import { absolutePath, overSocket, socketOf, type OverSocket } from '../controlled/operator-settings.js';
import { ServerBase } from '../controlled/server-base.js';
import type { ServerKind, ServerOptions } from '../server-kind.js';
import { StartTime } from '../controlled/start-time.js';
import { PdnsCommands } from './commands.js';
import { privateBindConfig, privateConfiguration, zoneFileSyntax } from './configuration.js';
import { zonesOfPdns } from './configured-zones.js';
import { PdnsControl } from './control.js';
import { Presigned } from './presigned.js';
import { SignedZones } from './signed-zones.js';

/** A PowerDNS with the bind backend that the operator runs, and what it takes from us. */
export interface OperatorPdns extends OverSocket {
  /**
   * Folder of its pdns.conf, where it has a `bind-dnssec-db`: to serve zones that are signed in their files with the
   * signatures.
   */
  configFolder?: string;
}

const SOFTWARE = 'PowerDNS';
const MODE = 0o600;
/** It tells its uptime in whole seconds. */
const RESOLUTION = 1_000;

/** PowerDNS 4.7 with the bind backend, driven over its control socket (see README.md). */
export class PdnsServer extends ServerBase<OperatorPdns> {
  readonly #zones: IncludeFile;
  readonly #presigned: Presigned;
  readonly #startTime = new StartTime(RESOLUTION);

  constructor(options: ServerOptions<OperatorPdns>) {
    super(options, {
      software: SOFTWARE,
      debianPackage: 'pdns-server',
      includeFile: 'zones.conf',
      marker: (folder) => `--config-dir=${folder}`,
    });
    const { operator } = options;
    if (operator !== undefined && /\s/.test(operator.includeFile)) {
      throw new Error(`PowerDNS can't include a file whose path holds a space: ${operator.includeFile}`);
    }
    this.#zones = new IncludeFile(this.includeFile, zoneFileSyntax(this.isPrivate ? this.folder : undefined));
    this.#presigned = new Presigned(operator === undefined ? this.folder : operator.configFolder, options.log);
  }

  async open(): Promise<void> {
    if (this.isPrivate) {
      await mkdir(this.folder, { recursive: true, mode: 0o700 });
      await this.endWithout(this.includeFile);
    }
    for (const [name, file] of await this.#zones.compare()) this.#zones.set(name, file);
  }

  async connect(): Promise<ServerConnection> {
    // What was changed by hand is written again: it is what a restart reads.
    await this.#zones.compare();
    await this.#zones.write();
    await this.start();
    const control = new PdnsControl(await this.#socket());
    const client = new DnsClient(this.dns);
    const signedZones = new SignedZones(control, client, this.#zones);
    return {
      commands: new PdnsCommands(control, this.#zones, this.#presigned, client),
      facts: () => this.#factsFrom(control, signedZones),
      close: () => {
        control.close();
        client.close();
      },
    };
  }

  async #factsFrom(control: PdnsControl, signedZones: SignedZones): Promise<ServerFacts> {
    const asked = performance.now();
    const metrics = await control.command('show *');
    const metric = (name: string): number => Number(new RegExp(`(?:^|,)${name}=(\\d+)`).exec(metrics)?.[1] ?? NaN);
    const uptime = metric('uptime') * 1000;
    const boot = this.#startTime.see({ uptime, asked, answered: performance.now() });
    const memory = metric('real-memory-usage');
    const version = (await control.command('version')).trim();
    const signed = await signedZones.list();
    return {
      version,
      boot,
      startedAt: Date.now() - uptime,
      ...(memory > 0 ? { memory } : {}),
      ...(signed.length > 0 ? { signedZones: signed } : {}),
    };
  }

  protected override async configure(): Promise<ServerCommand> {
    const dnssecFile = this.file('dnssec.sqlite3');
    const bindConfig = this.file('named.conf');
    await replaceFile(bindConfig, privateBindConfig(this.folder, this.includeFile), MODE);
    await replaceFile(
      this.file('pdns.conf'),
      privateConfiguration({
        dns: this.dns,
        socketFolder: dirname(await this.#socket()),
        bindConfig,
        dnssecFile,
      }),
      MODE,
    );
    await this.#presigned.createDatabase(dnssecFile);
    return { program: 'pdns_server', args: [`--config-dir=${this.folder}`] };
  }

  protected override async ready(): Promise<void> {
    await new PdnsControl(await this.#socket()).command('rping');
  }

  #socket(): Promise<string> {
    const { operator } = this;
    if (operator !== undefined) return Promise.resolve(operator.controlSocket);
    return socketPath(this.folder, 'pdns.controlsocket');
  }
}

/** PowerDNS, as the rest of the program knows it. */
export const POWERDNS: ServerKind<OperatorPdns> = {
  create: (options) => new ControlledNameserver(new PdnsServer(options), options),
  operated: {
    software: SOFTWARE,
    program: 'pdns_server',
    configuration: '/etc/powerdns/pdns.conf',
    configurationIn: (args) => {
      const folder = args.map((arg) => /^--config-dir=(.+)$/.exec(arg)?.[1]).find((path) => path !== undefined);
      return folder === undefined ? undefined : join(folder, 'pdns.conf');
    },
    settings: overSocket.extend({ configFolder: absolutePath.exactOptional() }),
    controlFile: socketOf,
    includeLine: (file) => `bind-config=${file}`,
    zonesOf: zonesOfPdns,
    comment: (text) => `/* ${text} */`,
    flush: (zone) => `pdns_control bind-reload-now ${zone}`,
    reread: ['pdns_control', 'rediscover'],
    unsign: (zone) => `pdnsutil disable-dnssec ${zone}`,
  },
};
