import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { ClusterError, sentenceOf } from '../../errors.js';
import type { Log } from '../../operations/log.js';
import { demandFree, freePort } from '../../operations/ports.js';
import { replaceFile } from '../../state/durable-file.js';
import type { DnsAddress } from '../nameserver.js';
import { privateConfiguration } from './bind-config.js';
import { endProcess, processWithArgument } from './process-table.js';
import { RndcChannel, type RndcServer } from './rndc-channel.js';
import { keyClause, newRndcKey, readRndcKey } from './rndc-key.js';
import { withServerPrograms } from './server-programs.js';

export interface NamedProcessOptions {
  /** Absolute path of a folder of its own; all that named writes is in it. */
  folder: string;
  /** Where it is to answer. */
  dns: DnsAddress;
  /** The file with its zones. */
  includeFile: string;
  log: Log;
}

/** How the named that was started last can be reached; its key is in a file of its own. */
const startedWith = z.object({ host: z.string(), port: z.number(), controlPort: z.number() });

/** Milliseconds until named must answer on its control channel; it loads its zones before. */
const START_TIMEOUT = 120_000;
const STOP_TIMEOUT = 15_000;
const THREADS = '2';
const MODE = 0o600;

/**
 * A named of our own, with its own configuration, key, control port and folder, as our user. It outlives a crash of our
 * process, and goes on answering; the next start with the same folder finds it and takes it over.
 */
export class NamedProcess {
  readonly #options: NamedProcessOptions;
  readonly #configuration: string;

  constructor(options: NamedProcessOptions) {
    this.#options = options;
    this.#configuration = join(options.folder, 'named.conf');
  }

  /**
   * Takes over a named that runs, or starts one; resolves with its control channel when it answers there. `prepare` is called
   * before a fresh start, to write the include file. Rejects with named_not_started. Idempotent.
   */
  async start(prepare: () => Promise<void>): Promise<RndcServer> {
    const { folder, log } = this.#options;
    try {
      const running = await this.#running();
      if (running !== undefined) return running;
      await this.stop();
      await mkdir(folder, { recursive: true, mode: 0o700 });
      // Its zones are all in the include file from now on, and a zone must not be in both.
      for (const file of ['_default.nzd', '_default.nzd-lock']) await rm(join(folder, file), { force: true });
      await prepare();
      await demandFree(this.#options.dns);
      const server = await this.#configure();
      await this.#run(server);
      return server;
    } catch (error) {
      log.error({ folder, error: sentenceOf(error) }, 'the private named did not start');
      throw new ClusterError('named_not_started', { folder, why: sentenceOf(error) }, { cause: error });
    }
  }

  /** Ends it, whoever started it. Idempotent. */
  async stop(): Promise<void> {
    const pid = await processWithArgument(this.#configuration);
    if (pid !== undefined) await endProcess(pid, this.#configuration, STOP_TIMEOUT);
  }

  /** The named of an earlier start, if it runs, answers on its control channel, and serves at the right address. */
  async #running(): Promise<RndcServer | undefined> {
    if ((await processWithArgument(this.#configuration)) === undefined) return undefined;
    try {
      const { host, port, controlPort } = startedWith.parse(
        JSON.parse(await readFile(this.#file('named.json'), 'utf8')),
      );
      if (host !== this.#options.dns.host || port !== this.#options.dns.port) return undefined;
      const server = { host: '127.0.0.1', port: controlPort, key: await readRndcKey(this.#file('rndc.key')) };
      await answering(server);
      return server;
    } catch {
      return undefined; // damaged or silent: it is ended and started anew
    }
  }

  async #configure(): Promise<RndcServer> {
    const { folder, dns, includeFile } = this.#options;
    // named does not mind to share one port between both, and then answers neither reliably.
    let controlPort = dns.port;
    while (controlPort === dns.port) controlPort = await freePort();
    const server = { host: '127.0.0.1', port: controlPort, key: newRndcKey() };
    const configuration = privateConfiguration({ folder, dns, controlPort, key: server.key, includeFile });
    await replaceFile(this.#file('rndc.key'), keyClause(server.key), MODE);
    await replaceFile(this.#file('named.json'), `${JSON.stringify({ ...dns, controlPort })}\n`, MODE);
    await replaceFile(this.#configuration, configuration, MODE);
    return server;
  }

  async #run(server: RndcServer): Promise<void> {
    const startLog = this.#file('start.log');
    await writeFile(startLog, '', { mode: MODE });
    const output = await open(startLog, 'a');
    try {
      // Detached and without pipes, so that it outlives us.
      const child = spawn('named', ['-f', '-n', THREADS, '-L', startLog, '-c', this.#configuration], {
        ...{ detached: true, stdio: ['ignore', output.fd, output.fd], env: withServerPrograms() },
      });
      child.unref();
      await untilAnswering(server, child);
    } catch (error) {
      await this.stop();
      throw new Error(await explain(error, startLog), { cause: error });
    } finally {
      await output.close();
    }
  }

  #file(name: string): string {
    return join(this.#options.folder, name);
  }
}

async function untilAnswering(server: RndcServer, child: ChildProcess): Promise<void> {
  let ended: string | undefined;
  const end = once(child, 'exit').then(
    ([code, signal]) => (ended = `it ended with ${String(code ?? signal)}`),
    (error: unknown) => (ended = `it could not be run (${sentenceOf(error)}); is the package bind9 installed?`),
  );
  const deadline = performance.now() + START_TIMEOUT;
  for (let wait = 2; ; wait = Math.min(wait * 2, 50)) {
    try {
      await answering(server);
      return;
    } catch (error) {
      if (ended !== undefined) throw new Error(ended, { cause: error });
      if (performance.now() > deadline) throw error;
    }
    await Promise.race([end, pause(wait)]);
  }
}

/** Rejects unless named answers on its control channel and is through with loading. */
async function answering(server: RndcServer): Promise<void> {
  const channel = new RndcChannel(server);
  try {
    const { text } = await channel.command('status', 5_000);
    if (!text.includes('server is up and running')) throw new Error('it is not running yet');
  } finally {
    channel.close();
  }
}

/** What named itself said, where it said something. */
async function explain(error: unknown, startLog: string): Promise<string> {
  const lines = (await readFile(startLog, 'utf8').catch(() => '')).split('\n');
  const said = lines.filter((line) => /error|fail|fatal|denied|in use|exiting|not found/i.test(line)).slice(-3);
  return [sentenceOf(error), ...said].join('; ');
}
