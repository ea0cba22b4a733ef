import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { PACKAGE_ROOT } from '../src/operations/version.js';

const ASKER = fileURLToPath(new URL('test/query-loop.mjs', PACKAGE_ROOT));

/** One name and type of a zone, and what the answer is in each version of the zone, the oldest first. */
export interface LoopQuestion {
  zone: string;
  name: string;
  type: 'SOA' | 'A' | 'TXT';
  versions: string[];
}

export interface LoopReport {
  seconds: number;
  asked: number;
  answered: number;
  /** Good answers by the version that they were of. */
  byVersion: (number | null)[];
  /** The first few of each kind. */
  unanswered: string[];
  wrong: string[];
  /** Milliseconds from question to answer. */
  p50: number;
  p99: number;
  longest: number;
}

/**
 * Asks a nameserver at a steady rate from a process of its own, so that neither is disturbed by what the test does.
 * Every answer is judged: with authority, of a known version, never back to an older one.
 */
export class QueryLoop {
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess) {
    this.#process = process;
  }

  /**
   * Resolves when it asks. `rate`: questions a second. `network`: the name of the network namespace from which it asks.
   */
  static async start(settings: {
    host: string;
    port: number;
    rate: number;
    questions: readonly LoopQuestion[];
    network?: string;
  }): Promise<QueryLoop> {
    const { network } = settings;
    const inside =
      network === undefined
        ? {}
        : { execPath: 'nsenter', execArgv: [`--net=/run/netns/${network}`, globalThis.process.execPath] };
    const process = fork(ASKER, { ...inside, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const asking = once(process, 'message');
    process.send(settings);
    await asking;
    return new QueryLoop(process);
  }

  /** Asks no more, waits for what is not yet answered, and says how it went. */
  async end(): Promise<LoopReport> {
    const told = once(this.#process, 'message');
    this.#process.send('end');
    const [report] = (await told) as [LoopReport];
    return report;
  }

  /** Ends its process, whatever it does. */
  kill(): void {
    this.#process.kill('SIGKILL');
  }
}
