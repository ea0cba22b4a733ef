import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { Pool, type Dispatcher } from 'undici';
import type { CallName, DemoCalls, Reply } from '../../src/demo/messages.js';
import { formPairs } from '../../src/wire-format/form-pairs.js';
import { zoneOfKey } from '../../src/wire-format/zone-bundle.js';
import type { NameserverSettings } from '../../src/nameservers/nameserver-settings.js';
import type { WhmAnswer } from '../web/whm-node.js';
import { ProcessClock } from './clock.js';
import type { Host } from './network.js';

const ENTRY = fileURLToPath(new URL('../../dist/demo/node-main.js', import.meta.url));
const API_PORT = 2087;
const DNS_PORT = 53;
const ANSWER_WITHIN = 15_000;
const START_WITHIN = 60_000;
const CLOCK_WITHIN = 20_000;
const CLOCK_NEAR = 30_000;
const LARGEST = 64 * 1024 * 1024;

/** Parameters of an API call; a list is one parameter several times. */
export type Fields = Readonly<Record<string, string | number | readonly string[]>>;

/** The node answered, and did not do it. */
export class Refused extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** No answer came: the node may have done it, or not. */
export class Unanswered extends Error {}

export interface NodeOptions {
  /** Its clock is its own and can be set. */
  clock?: boolean;
  nameserver?: Exclude<NameserverSettings['kind'], 'embedded'>;
}

/**
 * A node of the built program: a process on a host of its own, which can be killed, halted, emptied and set to another
 * time.
 */
export class FaultyNode {
  readonly host: Host;
  readonly folder: string;
  readonly #options: NodeOptions;
  readonly #clock: ProcessClock | undefined;
  #child: ChildProcess | undefined;
  #client: Pool | undefined;
  #halted = false;
  fingerprint = '';

  constructor(host: Host, folder: string, options: NodeOptions = {}) {
    this.host = host;
    this.folder = join(folder, host.name);
    this.#options = options;
    mkdirSync(this.folder, { recursive: true });
    if (options.clock === true) this.#clock = new ProcessClock(`${this.folder}.clock`);
  }

  get name(): string {
    return this.host.name;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** It runs and is not halted. */
  get answers(): boolean {
    return this.#child !== undefined && !this.#halted;
  }

  /** Resolves when it serves. */
  async start(): Promise<void> {
    const child = fork(ENTRY, [], {
      execPath: 'nsenter',
      execArgv: [...this.host.enter, process.execPath],
      env: { ...process.env, ...this.#clock?.environment },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#child = child;
    const { address: host } = this.host;
    const { nameserver: kind = 'embedded' } = this.#options;
    // One observer asks everything, far oftener than a resolver would.
    const options = kind === 'embedded' ? { options: { rateLimit: { responsesPerSecond: 0 } } } : {};
    const nameserver = { kind, host, port: DNS_PORT, ...options } as NameserverSettings;
    const settings = { name: this.name, folder: this.folder, host, port: API_PORT, nameserver };
    const { fingerprint } = await this.#ask('start', settings);
    this.fingerprint = fingerprint;
  }

  /** As a power cut ends it. Idempotent. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    this.#halted = false;
    await this.#client?.destroy();
    this.#client = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    ProcessClock.forget(child.pid ?? 0);
  }

  /** In order. */
  async stop(): Promise<void> {
    this.resume();
    const child = this.#child;
    if (child === undefined) return;
    const gone = once(child, 'exit');
    await this.#ask('stop', {}).catch(() => undefined);
    await gone;
    await this.kill();
  }

  /** It gets no processor: its connections stand, and nothing is answered. */
  halt(): void {
    this.#halted = true;
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#halted = false;
    this.#child?.kill('SIGCONT');
  }

  /** Sets its clock, which then goes wrong by so many seconds. Resolves when it sees that, where it runs. */
  async setClock(seconds: number): Promise<void> {
    this.#clock?.set(seconds);
    const deadline = performance.now() + CLOCK_WITHIN;
    while (this.answers && Math.abs((await this.#time()) - Date.now() - seconds * 1_000) > CLOCK_NEAR) {
      if (performance.now() > deadline) throw new Error(`${this.name} does not see its clock set`);
      await pause(100);
    }
  }

  /** What time it has, milliseconds since 1970. */
  async #time(): Promise<number> {
    const { headers, body } = await this.#send({ method: 'GET', path: '/healthz' });
    await body.dump();
    return Date.parse(String(headers['date']));
  }

  /** What only a stopped node allows: it forgets everything, or its zones, or shows another certificate. */
  lose(what: 'everything' | 'zones' | 'certificate'): void {
    const data = join(this.folder, 'dns-cluster');
    const parts = {
      everything: [this.folder],
      zones: readdirSync(data)
        .filter((entry) => /^(zones|previous|by-hand|index|journal\.|history|ledgers|conflicts)/.test(entry))
        .map((entry) => join(data, entry)),
      certificate: [join(this.folder, 'tls')],
    };
    for (const path of parts[what]) rmSync(path, { recursive: true });
    mkdirSync(this.folder, { recursive: true });
  }

  /** A function of its API, as root. Rejects with Refused or Unanswered. */
  async api<T = Record<string, never>>(call: string, fields: Fields = {}): Promise<T> {
    const { metadata, data } = JSON.parse(
      (await this.#post(`/json-api/${call}?api.version=1`, fields)).toString(),
    ) as WhmAnswer;
    if (metadata.result !== 1) throw new Refused(String(data['code']), `${this.name}, ${call}: ${metadata.reason}`);
    return data as T;
  }

  /** All zones that it holds, with their texts. */
  async zones(): Promise<Map<string, string>> {
    const zones = new Map<string, string>();
    for await (const { key, value } of formPairs([await this.#post('/scripts2/getallzones_local', {})], LARGEST)) {
      const name = zoneOfKey(key);
      if (name !== undefined) zones.set(name, value.toString());
    }
    return zones;
  }

  async #post(path: string, fields: Fields): Promise<Buffer> {
    if (!this.answers) throw new Unanswered(`${this.name} does not run`);
    const pairs = Object.entries(fields).flatMap(([key, value]) =>
      [value].flat().map((one): [string, string] => [key, String(one)]),
    );
    try {
      const { body, statusCode } = await this.#send({
        method: 'POST',
        path,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams(pairs).toString(),
      });
      const octets = Buffer.from(await body.arrayBuffer());
      if (statusCode !== 200) throw new Refused(String(statusCode), `${this.name}, ${path}: ${octets.toString()}`);
      return octets;
    } catch (error) {
      if (error instanceof Refused) throw error;
      throw new Unanswered(`${this.name}, ${path}: ${String(error)}`, { cause: error });
    }
  }

  /** Over its control socket, which no network can cut off. */
  #send(request: Dispatcher.RequestOptions): Promise<Dispatcher.ResponseData> {
    const socketPath = join(this.folder, 'dns-cluster/control/control.sock');
    this.#client ??= new Pool('http://localhost', { socketPath, connections: 16 });
    return this.#client.request({ ...request, signal: AbortSignal.timeout(ANSWER_WITHIN) });
  }

  /** One call of its process. */
  #ask<Name extends CallName>(call: Name, args: DemoCalls[Name]['args']): Promise<DemoCalls[Name]['result']> {
    const child = this.#child;
    if (child === undefined) return Promise.reject(new Unanswered(`${this.name} does not run`));
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => fail('it says nothing'), START_WITHIN);
      const settle = (): void => {
        clearTimeout(late);
        child.off('message', answered).off('exit', ended);
      };
      const fail = (why: string): void => {
        settle();
        reject(new Unanswered(`${this.name}, ${call}: ${why}`));
      };
      const ended = (): void => fail('it ended');
      const answered = (reply: Reply): void => {
        if ('error' in reply) fail(reply.error);
        else if ('result' in reply) {
          settle();
          resolve(reply.result);
        }
      };
      child.on('message', answered).once('exit', ended);
      child.send({ id: 1, call, args });
    });
  }
}
