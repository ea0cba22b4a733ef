import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { parseName } from '../src/dns/name.js';
import { DnsClient } from '../src/dns/messages/query.js';

/** Milliseconds after which a question counts as lost and is asked again. */
const AGAIN = 20;

/**
 * Asks a nameserver for one zone without a pause, from a thread of its own, and knows the longest time without an
 * answer.
 */
export class AnswerGaps {
  readonly #worker: Worker;

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  /** Resolves at the first answer. */
  static async watch(dns: { host: string; port: number }, zone: string): Promise<AnswerGaps> {
    const worker = new Worker(fileURLToPath(import.meta.url), { workerData: { dns, zone } });
    await once(worker, 'message');
    return new AnswerGaps(worker);
  }

  /** Milliseconds. */
  async end(): Promise<number> {
    const told = once(this.#worker, 'message');
    this.#worker.postMessage('end');
    const [longest] = (await told) as [number];
    await this.#worker.terminate();
    return longest;
  }
}

async function ask({ dns, zone }: { dns: { host: string; port: number }; zone: string }): Promise<void> {
  const client = new DnsClient(dns, { timeout: AGAIN });
  const name = parseName(`${zone}.`);
  const told = { end: false };
  parentPort?.once('message', () => (told.end = true));
  let last: number | undefined;
  let longest = 0;
  while (!told.end) {
    const serial = await client.soaSerial(name).catch(() => undefined);
    const now = performance.now();
    if (last !== undefined) longest = Math.max(longest, now - last);
    if (serial === undefined) continue;
    if (last === undefined) parentPort?.postMessage('first');
    last = now;
  }
  parentPort?.postMessage(longest);
}

if (!isMainThread) await ask(workerData as Parameters<typeof ask>[0]);
