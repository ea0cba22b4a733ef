import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Agent, request } from 'undici';
import type { DemoLine, DemoNodeLine } from '../../src/demo/demo.js';
import { parseName } from '../../src/dns/name.js';
import { query } from '../query.js';

const START_WITHIN = 120_000;

/** The demo as a newcomer runs it, driven from outside: its one line of JSON, its commands, its log for people. */
export class RunningDemo {
  readonly said: string[] = [];
  readonly #child: ChildProcess;
  readonly #ready: Promise<DemoLine>;
  #line: DemoLine | undefined;
  /** The nodes' certificates are their own. */
  readonly #agent = new Agent({ connect: { rejectUnauthorized: false } });

  private constructor(args: readonly string[]) {
    const child = spawn(process.execPath, ['dist/demo/main.js', '--json', ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#child = child;
    createInterface({ input: child.stderr }).on('line', (text) => this.said.push(text));
    this.#ready = new Promise((resolve, reject) => {
      createInterface({ input: child.stdout }).once('line', (line) => resolve(JSON.parse(line) as DemoLine));
      child.once('exit', () => reject(new Error(`the demo ended before it was ready:\n${this.said.join('\n')}`)));
    });
    this.#ready.catch(() => undefined);
  }

  /** The demo, ready. */
  static async start(...args: string[]): Promise<RunningDemo> {
    const demo = RunningDemo.launch(...args);
    await demo.untilReady();
    return demo;
  }

  /** The demo as it begins; for tests of what happens before it is ready. */
  static launch(...args: string[]): RunningDemo {
    return new RunningDemo(args);
  }

  async untilReady(): Promise<void> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), START_WITHIN);
    this.#line = await this.#ready.finally(() => clearTimeout(timer));
  }

  get line(): DemoLine {
    if (this.#line === undefined) throw new Error('the demo is not ready');
    return this.#line;
  }

  /** A line that the demo said for people, as soon as it is there; `from` passes over earlier ones. */
  untilSaid(pattern: RegExp, from = 0): Promise<string> {
    return until(() => this.said.slice(from).find((line) => pattern.test(line)), `"${pattern.source}"`, START_WITHIN);
  }

  node(name: string): DemoNodeLine {
    const node = this.line.nodes.find((candidate) => candidate.name === name);
    if (node === undefined) throw new Error(`no node ${name}`);
    return node;
  }

  /** Types a command and waits until the demo says a line that matches. */
  async command(text: string, answer: RegExp): Promise<string> {
    const from = this.said.length;
    this.#child.stdin?.write(`${text}\n`);
    return this.untilSaid(answer, from);
  }

  /** One call of the wire or the API, as a script makes it. */
  async api(name: string, path: string, form: Record<string, string> = {}): Promise<{ status: number; body: string }> {
    const node = this.node(name);
    const response = await request(`${node.url}${path}`, {
      method: 'POST',
      headers: { authorization: `whm ${node.user}:${node.token}`, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(form).toString(),
      dispatcher: this.#agent,
    });
    return { status: response.statusCode, body: await response.body.text() };
  }

  /** A request without any credentials of ours, for pages and for refusals. */
  async fetch(
    url: string,
    options: { method?: 'GET' | 'POST'; headers?: Record<string, string>; body?: string | Buffer } = {},
  ): Promise<{ status: number; headers: Record<string, string | string[] | undefined>; body: string }> {
    const response = await request(url, { method: 'GET', ...options, dispatcher: this.#agent });
    return { status: response.statusCode, headers: response.headers, body: await response.body.text() };
  }

  /** What a node answers over DNS: the response code, and each record's rdata in hex, sorted. */
  async ask(name: string, owner: string, type: number): Promise<{ rcode: number; aa: boolean; rdata: string[] }> {
    const [host = '', port = ''] = this.node(name).dns.split(':');
    const answer = await query({ host, port: Number(port) }, parseName(`${owner}.`), type);
    const rdata = answer.answer.map((record) => Buffer.from(record.rdata, 'latin1').toString('hex'));
    return { rcode: answer.rcode, aa: answer.aa, rdata: rdata.sort() };
  }

  async close(): Promise<number | null> {
    if (this.#child.exitCode !== null) return this.#child.exitCode;
    const exit = once(this.#child, 'exit') as Promise<[number | null]>;
    this.#child.kill('SIGINT');
    const [code] = await exit;
    await this.#agent.close();
    return code;
  }
}

/** Looks again and again until `look` finds something; fails after `within` milliseconds with what was awaited. */
export async function until<T>(
  look: () => T | undefined | Promise<T | undefined>,
  what: string,
  within = 30_000,
): Promise<T> {
  const deadline = Date.now() + within;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`not within ${within} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
