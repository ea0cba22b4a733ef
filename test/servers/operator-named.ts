import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { OperatorNamed } from '../../src/nameservers/bind/bind.js';
import { freePort } from '../../src/operations/ports.js';
import { keyClause, newRndcKey } from '../../src/nameservers/bind/rndc-key.js';

/** A real named as an operator would run it: its configuration is not ours, and includes our file. */
export class OperatorsNamed {
  #child: ChildProcess | undefined;

  private constructor(
    readonly folder: string,
    readonly settings: OperatorNamed,
    readonly dns: { host: string; port: number },
  ) {}

  /** `more` is appended to its configuration. */
  static async configure(more = ''): Promise<OperatorsNamed> {
    const folder = await mkdtemp(join(tmpdir(), 'dns-cluster-operator-'));
    const dns = { host: '127.0.0.1', port: await freePort() };
    const settings: OperatorNamed = {
      controlHost: '127.0.0.1',
      controlPort: await freePort(),
      keyFile: join(folder, 'rndc.key'),
      includeFile: join(folder, 'cluster.conf'),
    };
    const key = newRndcKey();
    await writeFile(settings.keyFile, keyClause(key));
    await writeFile(settings.includeFile, '');
    await writeFile(
      join(folder, 'named.conf'),
      `include "${settings.keyFile}";
      controls { inet 127.0.0.1 port ${settings.controlPort} allow { 127.0.0.1; } keys { "${key.name}"; }; };
      options {
        directory "${folder}"; pid-file none; session-keyfile none; managed-keys-directory "${folder}";
        listen-on port ${dns.port} { 127.0.0.1; }; listen-on-v6 { none; };
        recursion no; notify no; allow-new-zones yes; dnssec-validation no; empty-zones-enable no;
      };
      include "${settings.includeFile}";
      ${more}`,
    );
    return new OperatorsNamed(folder, settings, dns);
  }

  async start(): Promise<void> {
    const log = join(this.folder, 'log');
    await writeFile(log, '');
    const child = spawn('named', ['-f', '-n', '1', '-L', log, '-c', join(this.folder, 'named.conf')], {
      stdio: 'ignore',
      env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` },
    });
    this.#child = child;
    for (;;) {
      const text = await readFile(log, 'latin1');
      if (/\brunning$/m.test(text)) return;
      if (child.exitCode !== null) throw new Error(`named stopped:\n${text}`);
      await pause(5);
    }
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  }

  /** Stops it in its tracks: it keeps its connections and answers nothing. */
  async freeze(): Promise<void> {
    this.#child?.kill('SIGSTOP');
    const state = `/proc/${this.#child?.pid ?? 0}/stat`;
    while (!/\) T /.test(await readFile(state, 'latin1'))) await pause(1);
  }

  /** Deletes its database of zones that were added by addzone. */
  async loseAddedZones(): Promise<void> {
    await rm(join(this.folder, '_default.nzd'));
  }

  async end(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}
