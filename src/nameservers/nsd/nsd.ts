import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { defined } from '../../operations/defined.js';
import { socketPath } from '../../operations/socket-path.js';
import { replaceFile } from '../../state/durable-file.js';
import { ControlledNameserver } from '../controlled/controlled-nameserver.js';
import type { ServerConnection, ServerFacts } from '../controlled/controlled-server.js';
import type { ServerCommand } from '../controlled/private-process.js';
import { startOf } from '../controlled/process-table.js';
import { overSocket, socketOf, type OverSocket } from '../controlled/operator-settings.js';
import { ServerBase } from '../controlled/server-base.js';
import type { ServerKind, ServerOptions } from '../server-kind.js';
import { NsdCommands, reconfigure } from './commands.js';
import { zonesOfNsd } from './configured-zones.js';
import { privateConfiguration } from './configuration.js';
import { NsdControl } from './control.js';
import { Patterns } from './patterns.js';

const SOFTWARE = 'NSD';
const MODE = 0o600;

/** NSD 4.6, driven over its control socket (see README.md). */
export class NsdServer extends ServerBase<OverSocket> {
  readonly #patterns: Patterns;

  constructor(options: ServerOptions<OverSocket>) {
    super(options, {
      software: SOFTWARE,
      debianPackage: 'nsd',
      includeFile: 'patterns.conf',
      marker: (folder) => join(folder, 'nsd.conf'),
    });
    this.#patterns = new Patterns(this.includeFile);
  }

  async open(): Promise<void> {
    if (this.isPrivate) await mkdir(this.folder, { recursive: true, mode: 0o700 });
    await this.#patterns.open();
  }

  async connect(): Promise<ServerConnection> {
    await this.#patterns.repair(); // without the file, NSD does not start
    await this.start();
    const control = new NsdControl(await this.#socket());
    try {
      const commands = await NsdCommands.from(control, this.#patterns);
      return { commands, facts: () => factsFrom(control), close: () => control.close() };
    } catch (error) {
      control.close();
      throw error;
    }
  }

  protected override async configure(): Promise<ServerCommand> {
    // Zones that are made before they are loaded are reloaded faster ever after (see commands.ts).
    await this.#patterns.hold();
    const configuration = this.file('nsd.conf');
    const { dns } = this;
    const of = { folder: this.folder, dns, socket: await this.#socket(), includeFile: this.includeFile };
    await replaceFile(configuration, privateConfiguration(of), MODE);
    return { program: 'nsd', args: ['-d', '-c', configuration] };
  }

  protected override async ready(): Promise<void> {
    const control = new NsdControl(await this.#socket());
    try {
      await control.command('status');
      if (!this.#patterns.isHeld) return;
      await this.#patterns.release(() => reconfigure(control));
      await control.command('reload');
      // NSD answers before it loads. Statistics come at the end of a reload: maybe of the one of reconfig, so they are
      // asked for twice.
      await control.command('stats_noreset');
      await control.command('stats_noreset');
    } finally {
      control.close();
    }
  }

  #socket(): Promise<string> {
    const { operator } = this;
    return operator === undefined ? socketPath(this.folder, 'control') : Promise.resolve(operator.controlSocket);
  }
}

/** NSD, as the rest of the program knows it. */
export const NSD: ServerKind<OverSocket> = {
  create: (options) => new ControlledNameserver(new NsdServer(options), options),
  operated: {
    software: SOFTWARE,
    program: 'nsd',
    configuration: '/etc/nsd/nsd.conf',
    settings: overSocket,
    controlFile: socketOf,
    includeLine: (file) => `include: "${file}"`,
    checker: (file) => ({ program: 'nsd-checkconf', args: [file], debianPackage: 'nsd' }),
    zonesOf: zonesOfNsd,
    comment: (text) => `# ${text}\n`,
    flush: (zone) => `nsd-control write ${zone}`,
    reread: ['nsd-control', 'reconfig'],
  },
};

/**
 * Statistics hold its uptime, too, but NSD reloads itself to gather them: 35 ms with 10,000 zones, and twice the memory
 * meanwhile.
 */
async function factsFrom(control: NsdControl): Promise<ServerFacts> {
  const version = /^version: (\S+)/m.exec(await control.command('status'))?.[1] ?? '';
  const pid = (await control.command('serverpid')).trim(); // the same over reloads
  const startedAt = await startOf(Number(pid));
  return { version, boot: `${pid} ${startedAt ?? ''}`, ...defined({ startedAt }) };
}
