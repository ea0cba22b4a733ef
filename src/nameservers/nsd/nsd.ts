import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Log } from '../../operations/log.js';
import { socketPath } from '../../operations/socket-path.js';
import { replaceFile } from '../../state/durable-file.js';
import type { ControlledServer, ServerConnection, ServerFacts } from '../controlled-server.js';
import type { DnsAddress } from '../nameserver.js';
import { PrivateProcess } from '../private-process.js';
import { NsdCommands } from './commands.js';
import { privateConfiguration } from './configuration.js';
import { NsdControl } from './control.js';
import { Patterns } from './patterns.js';
import { StartTime } from '../start-time.js';

/** An NSD that the operator runs, and what it takes from us. */
export interface OperatorNsd {
  /** Its `control-interface`, a path. */
  controlSocket: string;
  /** File that its configuration includes and that we alone write. */
  includeFile: string;
}

export interface NsdOptions {
  /** Where it answers DNS. */
  dns: DnsAddress;
  /** Folder for all files of a private NSD. */
  folder: string;
  /** The operator's NSD; without it we run a private one. */
  operator?: OperatorNsd | undefined;
  log: Log;
}

const MODE = 0o600;

/** NSD 4.6, driven over its control socket (see README.md). */
export class NsdServer implements ControlledServer {
  readonly kind = 'nsd';
  readonly software = 'NSD';
  readonly isPrivate: boolean;
  readonly #options: NsdOptions;
  readonly #folder: string;
  readonly #includeFile: string;
  readonly #process: PrivateProcess;
  readonly #patterns: Patterns;
  readonly #startTime = new StartTime();

  constructor(options: NsdOptions) {
    const { dns, log, operator } = options;
    this.#options = options;
    this.isPrivate = operator === undefined;
    this.#folder = resolve(options.folder);
    this.#includeFile = operator?.includeFile ?? this.#file('patterns.conf');
    this.#patterns = new Patterns(this.#includeFile);
    this.#process = new PrivateProcess({
      ...{ software: this.software, debianPackage: 'nsd', folder: this.#folder, dns, log },
      marker: this.#file('nsd.conf'),
      configure: () => this.#configure(),
      ready: async () => {
        await new NsdControl(await this.#socket()).command('status');
      },
    });
  }

  async open(): Promise<void> {
    if (this.isPrivate) await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await this.#patterns.open();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async connect(): Promise<ServerConnection> {
    await this.#patterns.repair(); // without the file, NSD does not start
    if (this.isPrivate) await this.#process.start();
    const control = new NsdControl(await this.#socket());
    try {
      const commands = await NsdCommands.from(control, this.#patterns);
      return { commands, facts: () => this.#factsFrom(control), close: () => control.close() };
    } catch (error) {
      control.close();
      throw error;
    }
  }

  async end(): Promise<void> {
    if (this.isPrivate) await this.#process.stop();
  }

  async #factsFrom(control: NsdControl): Promise<ServerFacts> {
    const asked = performance.now();
    const statistics = await control.command('stats_noreset');
    const uptime = Number(/^time\.boot=([\d.]+)$/m.exec(statistics)?.[1] ?? 0) * 1000;
    const boot = this.#startTime.see({ uptime, asked, answered: performance.now() });
    const version = /^version: (\S+)/m.exec(await control.command('status'))?.[1] ?? '';
    return { version, boot, startedAt: Date.now() - uptime };
  }

  async #configure(): Promise<{ program: string; args: string[] }> {
    const configuration = this.#file('nsd.conf');
    const { dns } = this.#options;
    const of = { folder: this.#folder, dns, socket: await this.#socket(), includeFile: this.#includeFile };
    await replaceFile(configuration, privateConfiguration(of), MODE);
    return { program: 'nsd', args: ['-d', '-c', configuration] };
  }

  #socket(): Promise<string> {
    const { operator } = this.#options;
    return operator === undefined ? socketPath(this.#folder, 'control') : Promise.resolve(operator.controlSocket);
  }

  #file(name: string): string {
    return join(this.#folder, name);
  }
}
