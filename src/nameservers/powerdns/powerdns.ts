import { access, mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { DnsClient } from '../../dns/query.js';
import type { Log } from '../../operations/log.js';
import { socketPath } from '../../operations/socket-path.js';
import { replaceFile } from '../../state/durable-file.js';
import type { ControlledServer, ServerConnection, ServerFacts } from '../controlled-server.js';
import { IncludeFile } from '../include-file.js';
import type { DnsAddress } from '../nameserver.js';
import { PrivateProcess } from '../private-process.js';
import { StartTime } from '../start-time.js';
import { PdnsCommands } from './commands.js';
import { privateBindConfig, privateConfiguration, zoneFileSyntax } from './configuration.js';
import { PdnsControl } from './control.js';
import { Presigned } from './presigned.js';
import { SignedZones } from './signed-zones.js';

/** A PowerDNS with the bind backend that the operator runs, and what it takes from us. */
export interface OperatorPdns {
  /** Path of its control socket, as /run/pdns/pdns.controlsocket. */
  controlSocket: string;
  /** File that is its `bind-config`, or that its `bind-config` includes, and that we alone write. */
  includeFile: string;
  /** Folder of its pdns.conf, where it has a `bind-dnssec-db`: to serve zones that are signed in their files with the signatures. */
  configFolder?: string;
}

export interface PdnsOptions {
  /** Where it answers DNS. */
  dns: DnsAddress;
  /** Folder for all files of a private PowerDNS. */
  folder: string;
  /** The operator's PowerDNS; without it we run a private one. */
  operator?: OperatorPdns | undefined;
  log: Log;
}

const MODE = 0o600;
/** It tells its uptime in whole seconds. */
const RESOLUTION = 1_000;

/** PowerDNS 4.7 with the bind backend, driven over its control socket (see README.md). */
export class PdnsServer implements ControlledServer {
  readonly kind = 'powerdns';
  readonly software = 'PowerDNS';
  readonly isPrivate: boolean;
  readonly renderedFolder: string;
  readonly #options: PdnsOptions;
  readonly #folder: string;
  readonly #includeFile: string;
  readonly #zones: IncludeFile;
  readonly #process: PrivateProcess;
  readonly #presigned: Presigned;
  readonly #startTime = new StartTime(RESOLUTION);

  constructor(options: PdnsOptions) {
    const { dns, log, operator } = options;
    this.#options = options;
    this.isPrivate = operator === undefined;
    this.#folder = resolve(options.folder);
    this.#includeFile = operator?.includeFile ?? this.#file('zones.conf');
    this.renderedFolder = `${this.#includeFile}.zones`;
    if (operator !== undefined && /\s/.test(operator.includeFile)) {
      throw new Error(`PowerDNS can't include a file whose path holds a space: ${operator.includeFile}`);
    }
    this.#zones = new IncludeFile(this.#includeFile, zoneFileSyntax(this.isPrivate ? this.#folder : undefined));
    this.#presigned = new Presigned(operator === undefined ? this.#folder : operator.configFolder, log);
    this.#process = new PrivateProcess({
      ...{ software: this.software, debianPackage: 'pdns-server', folder: this.#folder, dns, log },
      marker: `--config-dir=${this.#folder}`,
      configure: () => this.#configure(),
      ready: async () => {
        await new PdnsControl(await this.#socket()).command('rping');
      },
    });
  }

  async open(): Promise<void> {
    if (this.isPrivate) {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      // Without our record of what it serves, a private server is of no use: it can't be told what to drop.
      if (!(await isThere(this.#includeFile))) await this.#process.stop();
    }
    for (const [name, file] of await this.#zones.compare()) this.#zones.set(name, file);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async connect(): Promise<ServerConnection> {
    // What was changed by hand is written again: it is what a restart reads.
    await this.#zones.compare();
    await this.#zones.write();
    if (this.isPrivate) await this.#process.start();
    const control = new PdnsControl(await this.#socket());
    const client = new DnsClient(this.#options.dns);
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

  async end(): Promise<void> {
    if (this.isPrivate) await this.#process.stop();
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
      ...{ version, boot, startedAt: Date.now() - uptime },
      ...(memory > 0 ? { memory } : {}),
      ...(signed.length > 0 ? { signedZones: signed } : {}),
    };
  }

  async #configure(): Promise<{ program: string; args: string[] }> {
    const dnssecFile = this.#file('dnssec.sqlite3');
    const bindConfig = this.#file('named.conf');
    await replaceFile(bindConfig, privateBindConfig(this.#folder, this.#includeFile), MODE);
    await replaceFile(
      this.#file('pdns.conf'),
      privateConfiguration({
        dns: this.#options.dns,
        socketFolder: dirname(await this.#socket()),
        bindConfig,
        dnssecFile,
      }),
      MODE,
    );
    await this.#presigned.createDatabase(dnssecFile);
    return { program: 'pdns_server', args: [`--config-dir=${this.#folder}`] };
  }

  #socket(): Promise<string> {
    const { operator } = this.#options;
    if (operator !== undefined) return Promise.resolve(operator.controlSocket);
    return socketPath(this.#folder, 'pdns.controlsocket');
  }

  #file(name: string): string {
    return join(this.#folder, name);
  }
}

function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
