import { access } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Log } from '../../operations/log.js';
import type { ControlledServer, ServerConnection } from './controlled-server.js';
import type { DnsAddress } from '../nameserver.js';
import type { ServerOptions } from '../server-kind.js';
import { PrivateProcess, type ServerCommand } from './private-process.js';

/** What a kind of server is called, and where its private one is found. */
interface ServerNames {
  software: string;
  debianPackage: string;
  /** Of the file that the configuration of a private server includes. */
  includeFile: string;
  /** An argument of a private server in this folder that no other process has. */
  marker: (folder: string) => string;
}

/**
 * What all kinds of servers share: they are private, in a folder of ours, or the operator's, who includes a file of
 * ours.
 */
export abstract class ServerBase<Operator extends { includeFile: string }> implements ControlledServer {
  readonly software: string;
  readonly isPrivate: boolean;
  readonly renderedFolder: string;
  protected readonly dns: DnsAddress;
  protected readonly folder: string;
  protected readonly operator: Operator | undefined;
  protected readonly includeFile: string;
  protected readonly log: Log;
  readonly #process: PrivateProcess;

  protected constructor({ dns, folder, operator, log }: ServerOptions<Operator>, of: ServerNames) {
    this.software = of.software;
    this.dns = dns;
    this.folder = resolve(folder);
    this.operator = operator;
    this.isPrivate = operator === undefined;
    this.includeFile = operator?.includeFile ?? this.file(of.includeFile);
    this.renderedFolder = `${this.includeFile}.zones`;
    this.log = log;
    this.#process = new PrivateProcess({
      software: of.software,
      debianPackage: of.debianPackage,
      folder: this.folder,
      dns,
      log,
      marker: of.marker(this.folder),
      configure: () => this.configure(),
      ready: () => this.ready(),
    });
  }

  abstract open(): Promise<void>;
  abstract connect(lost: () => void): Promise<ServerConnection>;
  /** Writes the configuration of a private server for a fresh start. */
  protected abstract configure(): Promise<ServerCommand>;
  /** Rejects until a private server answers on its control channel and is through with loading. */
  protected abstract ready(): Promise<void>;

  close(): Promise<void> {
    return Promise.resolve();
  }

  async end(): Promise<void> {
    if (this.isPrivate) await this.#process.stop();
  }

  /** Does nothing to the operator's. Rejects with nameserver_not_started. */
  protected async start(): Promise<void> {
    if (this.isPrivate) await this.#process.start();
  }

  /** Without our record of what it serves, a private server is of no use: it can't be told what to drop. */
  protected async endWithout(record: string): Promise<void> {
    const isThere = await access(record).then(
      () => true,
      () => false,
    );
    if (!isThere) await this.end();
  }

  /** The path of a file of ours. */
  protected file(name: string): string {
    return join(this.folder, name);
  }
}
