import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../../src/operations/ports.js';
import { RndcChannel } from '../../src/nameservers/bind/control.js';
import { keyClause, newRndcKey } from '../../src/nameservers/bind/rndc-key.js';
import { withServerPrograms } from '../../src/nameservers/controlled/private-process.js';

export const HOST = '127.0.0.1';
const START_TIMEOUT = 120_000;
const COMMAND_TIMEOUT = 300_000;

/** A named with nothing set but what keeps it inside its folder: all else is BIND's default, or in `options`. */
export class BenchNamed {
  readonly #key = newRndcKey();
  readonly #channel: RndcChannel;
  #child: ChildProcess | undefined;

  private constructor(
    readonly folder: string,
    readonly dns: { host: string; port: number },
    private readonly controlPort: number,
  ) {
    this.#channel = new RndcChannel({ host: HOST, port: controlPort, key: this.#key });
  }

  /** Makes the folder and takes free ports, so that another named can be told of it; not yet started. */
  static async make(folder: string): Promise<BenchNamed> {
    await mkdir(folder, { recursive: true });
    return new BenchNamed(folder, { host: HOST, port: await freePort() }, await freePort());
  }

  /** Writes its configuration. `options` goes into the options statement, `statements` after it. */
  async configure(options: string, statements: string): Promise<void> {
    await writeFile(
      join(this.folder, 'named.conf'),
      `${keyClause(this.#key)}
controls { inet ${HOST} port ${this.controlPort} allow { ${HOST}; } keys { "${this.#key.name}"; }; };
options {
  directory "${this.folder}"; pid-file none; session-keyfile none; managed-keys-directory "${this.folder}";
  listen-on port ${this.dns.port} { ${HOST}; }; listen-on-v6 { none; };
  recursion no; empty-zones-enable no; dnssec-validation no;
  ${options}
};
logging { channel own { file "${this.folder}/log"; severity error; }; category default { own; }; };
${statements}`,
    );
  }

  /** Resolves when it has loaded its zones. */
  async start(): Promise<void> {
    const startLog = await open(join(this.folder, 'start.log'), 'w');
    const child = spawn('named', ['-f', '-c', join(this.folder, 'named.conf')], {
      ...{ stdio: ['ignore', startLog.fd, startLog.fd], env: withServerPrograms() },
    });
    this.#child = child;
    await startLog.close();
    const deadline = Date.now() + START_TIMEOUT;
    for (;;) {
      // It answers no command before its zones are loaded.
      const text = await this.command('status').catch(() => '');
      if (text.includes('server is up and running')) return;
      if (child.exitCode !== null) throw new Error(`named ended with ${child.exitCode}; its folder is ${this.folder}`);
      if (Date.now() > deadline) throw new Error(`named did not start within ${START_TIMEOUT} ms`);
      await pause(20);
    }
  }

  /** Runs an rndc command and answers its text; rejects where named refuses it. */
  async command(command: string): Promise<string> {
    const { result, error, text } = await this.#channel.command(command, COMMAND_TIMEOUT);
    if (result !== 0) throw new Error(`${command}: ${error} ${text}`);
    return text;
  }

  async stop(): Promise<void> {
    this.#channel.close();
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill();
    await once(child, 'exit');
  }
}
