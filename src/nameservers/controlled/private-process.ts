import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ClusterError, sentenceOf } from '../../errors.js';
import type { Log } from '../../operations/log.js';
import { demandFree } from '../../operations/ports.js';
import { replaceFile } from '../../state/durable-file.js';
import type { DnsAddress } from '../nameserver.js';
import { endProcesses, processWithArgument } from './process-table.js';

/** How a server is started. */
export interface ServerCommand {
  program: string;
  args: readonly string[];
}

interface PrivateProcessOptions {
  /** As people write it: `BIND`. */
  software: string;
  /** Where its program is from, for the sentence when it is missing. */
  debianPackage: string;
  /** Absolute path of a folder of its own; all that the server writes is in it. */
  folder: string;
  /** Where it is to answer. */
  dns: DnsAddress;
  /** An argument that only this server's command line holds, as the path of its configuration. */
  marker: string;
  /** Writes the configuration for a fresh start. */
  configure: () => Promise<ServerCommand>;
  /** Rejects until the server answers on its control channel and is through with loading. */
  ready: () => Promise<void>;
  log: Log;
}

/** Milliseconds until the server must be ready; it loads its zones before. */
const START_TIMEOUT = 120_000;
const STOP_TIMEOUT = 15_000;
const MODE = 0o600;
const LONGEST_PAUSE = 50;
const TOLD = /error|fail|fatal|denied|in use|exiting|not found|cannot|could not|unable/i;

/**
 * A server of our own, with its own configuration and folder, as our user. It outlives a crash of our process, and goes
 * on answering; the next start with the same folder finds it and takes it over.
 */
export class PrivateProcess {
  readonly #options: PrivateProcessOptions;
  readonly #address: string;

  constructor(options: PrivateProcessOptions) {
    this.#options = options;
    this.#address = `${JSON.stringify(options.dns)}\n`;
  }

  /**
   * Takes over the server that runs, or starts one; resolves when it is ready. Rejects with nameserver_not_started.
   * Idempotent.
   */
  async start(): Promise<void> {
    const { software, folder, dns, configure, log } = this.#options;
    try {
      if (await this.#runs()) return;
      await this.stop();
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const { program, args } = await configure();
      await demandFree(dns);
      await replaceFile(this.#file('address.json'), this.#address, MODE);
      await this.#run(program, args);
    } catch (error) {
      const why = sentenceOf(error);
      log.error({ folder, error: why }, `the private ${software} did not start`);
      throw new ClusterError('nameserver_not_started', { software, folder, why }, { cause: error });
    }
  }

  /** Ends it, whoever started it. Idempotent. */
  stop(): Promise<void> {
    return endProcesses(this.#options.marker, STOP_TIMEOUT);
  }

  /** Is there one from an earlier start that is ready, and serves at the right address? */
  async #runs(): Promise<boolean> {
    const { marker, ready } = this.#options;
    if ((await processWithArgument(marker)) === undefined) return false;
    try {
      if ((await readFile(this.#file('address.json'), 'utf8')) !== this.#address) return false;
      await ready();
      return true;
    } catch {
      return false; // damaged or silent: it is ended and started anew
    }
  }

  async #run(program: string, args: readonly string[]): Promise<void> {
    const startLog = this.#file('start.log');
    await writeFile(startLog, '', { mode: MODE });
    const output = await open(startLog, 'a');
    try {
      // Detached and without pipes, so that it outlives us.
      const child = spawn(program, args, {
        detached: true,
        stdio: ['ignore', output.fd, output.fd],
        env: withServerPrograms(),
      });
      child.unref();
      await this.#untilReady(child);
    } catch (error) {
      await this.stop();
      throw new Error(await explain(error, startLog), { cause: error });
    } finally {
      await output.close();
    }
  }

  async #untilReady(child: ChildProcess): Promise<void> {
    const { ready, debianPackage } = this.#options;
    let ended: string | undefined;
    const end = once(child, 'exit').then(
      ([code, signal]) => (ended = `it ended with ${String(code ?? signal)}`),
      (error: unknown) =>
        (ended = `it could not be run (${sentenceOf(error)}); is the package ${debianPackage} installed?`),
    );
    const deadline = performance.now() + START_TIMEOUT;
    for (let wait = 2; ; wait = Math.min(wait * 2, LONGEST_PAUSE)) {
      try {
        await ready();
        return;
      } catch (error) {
        if (ended !== undefined) throw new Error(ended, { cause: error });
        if (performance.now() > deadline) throw error;
      }
      await Promise.race([end, pause(wait)]);
    }
  }

  #file(name: string): string {
    return join(this.#options.folder, name);
  }
}

/** Our environment with the folders of server programs, which an ordinary user's PATH lacks on Debian. */
export function withServerPrograms(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin` };
}

/** What the server itself said, where it said something. */
async function explain(error: unknown, startLog: string): Promise<string> {
  const lines = (await readFile(startLog, 'utf8').catch(() => '')).split('\n');
  return [sentenceOf(error), ...lines.filter((line) => TOLD.test(line)).slice(-3)].join('; ');
}
