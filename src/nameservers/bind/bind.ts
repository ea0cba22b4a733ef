import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { DnsClient } from '../../dns/messages/query.js';
import { freePort } from '../../operations/ports.js';
import { replaceFile } from '../../state/durable-file.js';
import { ControlledNameserver } from '../controlled/controlled-nameserver.js';
import type { ServerConnection, ServerFacts } from '../controlled/controlled-server.js';
import type { ServerCommand } from '../controlled/private-process.js';
import { absolutePath, portNumber } from '../controlled/operator-settings.js';
import { ServerBase } from '../controlled/server-base.js';
import type { ServerKind, ServerOptions } from '../server-kind.js';
import { BindCommands } from './commands.js';
import { zonesOfNamed } from './configured-zones.js';
import { privateConfiguration } from './configuration.js';
import { RndcChannel, type RndcServer } from './control.js';
import { LoadedZones } from './loaded-zones.js';
import { keyClause, newRndcKey, readRndcKey } from './rndc-key.js';

/** A named that the operator runs, and what it takes from us. */
export interface OperatorNamed {
  /** Where its `controls` statement listens. */
  controlHost: string;
  controlPort: number;
  /** File with the `key` clause that its `controls` statement allows. */
  keyFile: string;
  /** File that its configuration includes and that we alone write. */
  includeFile: string;
}

/** Where a private named listens for commands; its key is in a file of its own. */
const controlFile = z.object({ controlPort: z.number() });
const THREADS = '2';
const SOFTWARE = 'BIND';
const MODE = 0o600;
/** Milliseconds for a question about its state. */
const STATUS_TIMEOUT = 5_000;

/** BIND 9.18, driven over its control channel (see README.md). */
export class BindServer extends ServerBase<OperatorNamed> {
  #zones: LoadedZones | undefined;

  constructor(options: ServerOptions<OperatorNamed>) {
    super(options, {
      software: SOFTWARE,
      debianPackage: 'bind9',
      includeFile: 'zones.conf',
      marker: (folder) => join(folder, 'named.conf'),
    });
  }

  async open(): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const state = this.file('loaded-zones');
    if (this.isPrivate) await this.endWithout(state);
    this.#zones = await LoadedZones.open(state, this.includeFile, this.log);
  }

  override async close(): Promise<void> {
    await this.#zones?.close();
    this.#zones = undefined;
  }

  async connect(lost: () => void): Promise<ServerConnection> {
    await this.#opened().repair(); // without the include file, named does not start
    await this.start();
    const channel = new RndcChannel(await this.#control(), lost);
    const client = new DnsClient(this.dns);
    return {
      commands: new BindCommands(channel, this.#opened(), client, this.log),
      facts: () => factsOf(channel),
      close: () => {
        channel.close();
        client.close();
      },
    };
  }

  async #control(): Promise<RndcServer> {
    const { operator } = this;
    if (operator !== undefined) {
      const { controlHost, controlPort, keyFile } = operator;
      return { host: controlHost, port: controlPort, key: await readRndcKey(keyFile) };
    }
    const { controlPort } = controlFile.parse(JSON.parse(await readFile(this.file('control.json'), 'utf8')));
    return { host: '127.0.0.1', port: controlPort, key: await readRndcKey(this.file('rndc.key')) };
  }

  protected override async configure(): Promise<ServerCommand> {
    const { dns } = this;
    // Its zones are all in the include file from now on, and a zone must not be in both.
    for (const file of ['_default.nzd', '_default.nzd-lock']) await rm(this.file(file), { force: true });
    await this.#opened().included(this.#opened().list());
    // named does not mind to share one port between both, and then answers neither reliably.
    let controlPort = dns.port;
    while (controlPort === dns.port) controlPort = await freePort();
    const key = newRndcKey();
    await replaceFile(this.file('rndc.key'), keyClause(key), MODE);
    await replaceFile(this.file('control.json'), `${JSON.stringify({ controlPort })}\n`, MODE);
    const configuration = this.file('named.conf');
    const of = { folder: this.folder, dns, controlPort, key, includeFile: this.includeFile };
    await replaceFile(configuration, privateConfiguration(of), MODE);
    return { program: 'named', args: ['-f', '-n', THREADS, '-L', this.file('start.log'), '-c', configuration] };
  }

  protected override async ready(): Promise<void> {
    const channel = new RndcChannel(await this.#control());
    try {
      const { text } = await channel.command('status', STATUS_TIMEOUT);
      if (!text.includes('server is up and running')) throw new Error('it is not running yet');
    } finally {
      channel.close();
    }
  }

  #opened(): LoadedZones {
    if (this.#zones === undefined) throw new Error('the BIND driver is not opened');
    return this.#zones;
  }
}

/** BIND, as the rest of the program knows it. */
export const BIND: ServerKind<OperatorNamed> = {
  create: (options) => new ControlledNameserver(new BindServer(options), options),
  operated: {
    software: SOFTWARE,
    program: 'named',
    configuration: '/etc/bind/named.conf',
    settings: z.strictObject({
      controlHost: z.string().min(1),
      controlPort: portNumber,
      keyFile: absolutePath,
      includeFile: absolutePath,
    }),
    controlFile: ({ keyFile }) => ({ file: keyFile, right: 'read' }),
    includeLine: (file) => `include "${file}";`,
    checker: (file) => ({ program: 'named-checkconf', args: [file], debianPackage: 'bind9-utils' }),
    zonesOf: zonesOfNamed,
    comment: (text) => `/* ${text} */`,
    flush: (zone) => `rndc sync -clean ${zone}`,
    reread: ['rndc', 'reconfig'],
  },
};

async function factsOf(channel: RndcChannel): Promise<ServerFacts> {
  const { text } = await channel.command('status', STATUS_TIMEOUT);
  const boot = /^boot time: (.*)$/m.exec(text)?.[1] ?? '';
  const startedAt = Date.parse(boot);
  const version = /^version: BIND ([\d.]+)/m.exec(text)?.[1] ?? '';
  return { version, boot, ...(Number.isNaN(startedAt) ? {} : { startedAt }) };
}
