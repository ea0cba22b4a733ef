import { access, mkdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Log } from '../../operations/log.js';
import { socketPath } from '../../operations/socket-path.js';
import { replaceFile } from '../../state/durable-file.js';
import type { ControlledServer, ServerConnection, ServerFacts } from '../controlled-server.js';
import { IncludeFile } from '../include-file.js';
import type { DnsAddress } from '../nameserver.js';
import { PrivateProcess } from '../private-process.js';
import { KnotCommands } from './commands.js';
import { privateConfiguration, ZONE_STATEMENTS } from './configuration.js';
import { KnotControl } from './control.js';

/** A Knot that the operator runs, and what it takes from us. */
export interface OperatorKnot {
  /** Path where its `control` section listens, as /run/knot/knot.sock. */
  controlSocket: string;
  /** File that its configuration includes and that we alone write. */
  includeFile: string;
}

export interface KnotOptions {
  /** Where it answers DNS. */
  dns: DnsAddress;
  /** Folder for all files of a private Knot. */
  folder: string;
  /** The operator's Knot; without it we run a private one. */
  operator?: OperatorKnot | undefined;
  log: Log;
}

const MODE = 0o600;

/** Knot DNS 3.2, driven over its control socket (see README.md). */
export class KnotServer implements ControlledServer {
  readonly kind = 'knot';
  readonly software = 'Knot DNS';
  readonly isPrivate: boolean;
  readonly renderedFolder: string;
  readonly #options: KnotOptions;
  readonly #folder: string;
  readonly #includeFile: string;
  readonly #zones: IncludeFile;
  readonly #process: PrivateProcess;

  constructor(options: KnotOptions) {
    const { dns, log, operator } = options;
    this.#options = options;
    this.isPrivate = operator === undefined;
    this.#folder = resolve(options.folder);
    this.#includeFile = operator?.includeFile ?? this.#file('zones.conf');
    this.renderedFolder = `${this.#includeFile}.zones`;
    this.#zones = new IncludeFile(this.#includeFile, ZONE_STATEMENTS);
    this.#process = new PrivateProcess({
      ...{ software: this.software, debianPackage: 'knot', folder: this.#folder, dns, log },
      marker: this.#file('knot.conf'),
      configure: () => this.#configure(),
      ready: async () => {
        await new KnotControl(await this.#socket()).run([{ command: 'status' }]);
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
    // Without the file, Knot does not start; and it is what a start reads.
    await this.#zones.compare();
    await this.#zones.write();
    if (this.isPrivate) await this.#process.start();
    const socket = await this.#socket();
    const control = new KnotControl(socket);
    // Left behind by us, in the middle of a change: nobody else changes a private server.
    if (this.isPrivate) await control.run([{ command: 'conf-abort' }]);
    return {
      commands: new KnotCommands(control, this.#zones),
      facts: () => factsFrom(control, socket),
      close: () => control.close(),
    };
  }

  async end(): Promise<void> {
    if (this.isPrivate) await this.#process.stop();
  }

  async #configure(): Promise<{ program: string; args: string[] }> {
    const configuration = this.#file('knot.conf');
    const { dns } = this.#options;
    const of = { folder: this.#folder, dns, socket: await this.#socket(), includeFile: this.#includeFile };
    await replaceFile(configuration, privateConfiguration(of), MODE);
    return { program: 'knotd', args: ['-c', configuration] };
  }

  #socket(): Promise<string> {
    const { operator } = this.#options;
    return operator === undefined ? socketPath(this.#folder, 'control') : Promise.resolve(operator.controlSocket);
  }

  #file(name: string): string {
    return join(this.#folder, name);
  }
}

/** Knot does not say since when it runs; it makes its socket anew at each start. */
async function factsFrom(control: KnotControl, socket: string): Promise<ServerFacts> {
  const [reply] = await control.run([{ command: 'status', type: 'version' }]);
  const version = /([\d.]+)/.exec(reply?.rows[0]?.data ?? '')?.[1] ?? '';
  const { ino, ctimeMs } = await stat(socket);
  return { version, boot: `${ino} ${ctimeMs}`, startedAt: ctimeMs };
}

function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
