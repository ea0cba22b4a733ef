import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { NodeSettings } from '../panel/node.js';
import type { CallName, DemoCalls, Reply } from './messages.js';

const ENTRY = fileURLToPath(new URL('node-main.js', import.meta.url));
const STOP_WITHIN = 15_000;

interface Waiting {
  resolve: (result: never) => void;
  reject: (error: Error) => void;
  progress: ((done: number) => void) | undefined;
}

/** One node of the demo as its parent sees it: a process of its own that is started, asked and stopped. */
export class DemoNode {
  readonly settings: NodeSettings;
  readonly kind: 'panel' | 'dnsonly';
  readonly #ended: (node: DemoNode, how: string) => void;
  readonly #waiting = new Map<number, Waiting>();
  readonly #entry: string;
  #child: ChildProcess | undefined;
  #nextId = 1;
  #stopping = false;
  url = '';
  fingerprint = '';

  /**
   * `ended` is told when the process ends without having been asked to. `entry`: its program, where it does not lie
   * beside this one.
   */
  constructor(
    kind: 'panel' | 'dnsonly',
    settings: NodeSettings,
    ended: (node: DemoNode, how: string) => void,
    entry = ENTRY,
  ) {
    this.kind = kind;
    this.settings = settings;
    this.#ended = ended;
    this.#entry = entry;
  }

  get name(): string {
    return this.settings.name;
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Resolves when it serves. Rejects with the node's own sentence where it can't. */
  async start(): Promise<void> {
    if (this.#child !== undefined) return;
    this.#stopping = false;
    // A group of its own: Ctrl-C in the terminal reaches the demo's process only, which then ends its nodes in order.
    const child = fork(this.#entry, [], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], detached: true });
    this.#child = child;
    child.on('message', (reply: Reply) => this.#receive(reply));
    child.once('exit', (code, signal) => this.#gone(signal ?? `exit code ${code ?? 0}`));
    try {
      const started = await this.call('start', this.settings);
      this.url = started.url;
      this.fingerprint = started.fingerprint;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Ends it in order; after 15 seconds by force. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#stopping = true;
    const gone = once(child, 'exit');
    const force = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN);
    this.call('stop', {}).catch(() => undefined);
    await gone;
    clearTimeout(force);
  }

  /** One call of the node's process. Rejects with its sentence, or when it ends before it answers. */
  call<Name extends CallName>(
    call: Name,
    args: DemoCalls[Name]['args'],
    progress?: (done: number) => void,
  ): Promise<DemoCalls[Name]['result']> {
    const child = this.#child;
    if (child === undefined) return Promise.reject(new Error(`${this.name} is stopped`));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, progress });
      child.send({ id, call, args });
    });
  }

  #receive(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    if (waiting === undefined) return;
    if ('progress' in reply) {
      waiting.progress?.(reply.progress);
      return;
    }
    this.#waiting.delete(reply.id);
    if ('error' in reply) waiting.reject(new Error(reply.error));
    else waiting.resolve(reply.result as never);
  }

  #gone(how: string): void {
    this.#child = undefined;
    for (const waiting of this.#waiting.values()) waiting.reject(new Error(`${this.name} ended (${how})`));
    this.#waiting.clear();
    if (!this.#stopping) this.#ended(this, how);
  }
}
