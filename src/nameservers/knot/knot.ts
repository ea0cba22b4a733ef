import { existsSync } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { socketPath } from '../../operations/socket-path.js';
import { replaceFile } from '../../state/durable-file.js';
import { ControlledNameserver } from '../controlled/controlled-nameserver.js';
import type { ServerConnection, ServerFacts } from '../controlled/controlled-server.js';
import { IncludeFile } from '../controlled/include-file.js';
import type { ServerCommand } from '../controlled/private-process.js';
import { overSocket, socketOf, type OverSocket } from '../controlled/operator-settings.js';
import { ServerBase } from '../controlled/server-base.js';
import type { ServerKind, ServerOptions } from '../server-kind.js';
import { KnotCommands } from './commands.js';
import { zonesOfKnot } from './configured-zones.js';
import { privateConfiguration, ZONE_STATEMENTS } from './configuration.js';
import { KnotControl } from './control.js';

const SOFTWARE = 'Knot DNS';
const MODE = 0o600;

/** Knot DNS 3.2, driven over its control socket (see README.md). */
export class KnotServer extends ServerBase<OverSocket> {
  readonly #zones: IncludeFile;

  constructor(options: ServerOptions<OverSocket>) {
    super(options, {
      software: SOFTWARE,
      debianPackage: 'knot',
      includeFile: 'zones.conf',
      marker: (folder) => join(folder, 'knot.conf'),
    });
    this.#zones = new IncludeFile(this.includeFile, ZONE_STATEMENTS);
  }

  async open(): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    if (this.isPrivate) await this.endWithout(this.includeFile);
    for (const [name, file] of await this.#zones.compare()) this.#zones.set(name, file);
  }

  async connect(): Promise<ServerConnection> {
    // Without the file, Knot does not start; and it is what a start reads.
    await this.#zones.compare();
    await this.#zones.write();
    await this.start();
    const socket = await this.#socket();
    const control = new KnotControl(socket);
    const open = this.file('open-transaction');
    const commands = new KnotCommands(control, this.#zones, open);
    // Left behind by us, when we ended in the middle of a change: Knot would refuse every other.
    if (existsSync(open)) await commands.abort();
    return {
      commands,
      facts: () => factsFrom(control, socket),
      close: () => control.close(),
    };
  }

  protected override async configure(): Promise<ServerCommand> {
    const configuration = this.file('knot.conf');
    const { dns } = this;
    const of = { folder: this.folder, dns, socket: await this.#socket(), includeFile: this.includeFile };
    await replaceFile(configuration, privateConfiguration(of), MODE);
    return { program: 'knotd', args: ['-c', configuration] };
  }

  protected override async ready(): Promise<void> {
    await new KnotControl(await this.#socket()).run([{ command: 'status' }]);
  }

  #socket(): Promise<string> {
    const { operator } = this;
    return operator === undefined ? socketPath(this.folder, 'control') : Promise.resolve(operator.controlSocket);
  }
}

/** Knot DNS, as the rest of the program knows it. */
export const KNOT: ServerKind<OverSocket> = {
  create: (options) => new ControlledNameserver(new KnotServer(options), options),
  operated: {
    software: SOFTWARE,
    program: 'knotd',
    configuration: '/etc/knot/knot.conf',
    settings: overSocket,
    controlFile: socketOf,
    includeLine: (file) => `include: ${file}`,
    checker: (file) => ({ program: 'knotc', args: ['-c', file, 'conf-check'], debianPackage: 'knot' }),
    zonesOf: zonesOfKnot,
    comment: (text) => `# ${text}\n`,
    flush: (zone) => `knotc -f zone-flush ${zone}`,
    reread: ['knotc', 'reload'],
  },
};

/** Knot does not say since when it runs; it makes its socket anew at each start. */
async function factsFrom(control: KnotControl, socket: string): Promise<ServerFacts> {
  const [reply] = await control.run([{ command: 'status', type: 'version' }]);
  const version = /([\d.]+)/.exec(reply?.rows[0]?.data ?? '')?.[1] ?? '';
  const { ino, ctimeMs } = await stat(socket);
  return { version, boot: `${ino} ${ctimeMs}`, startedAt: ctimeMs };
}
