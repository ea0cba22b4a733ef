import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { vi } from 'vitest';
import type { ClusterNode } from './cluster-node.js';

/**
 * How a server is silent: after the request, in the middle of its answer, in the TLS handshake, or before the
 * connection stands.
 */
export const SILENCES = ['request', 'answer', 'handshake', 'connection'] as const;
export type Silence = (typeof SILENCES)[number];

const PATIENCE = { timeout: 15_000, interval: 20 };
const ESTABLISHED = '01';
const SYN_SENT = '02';
/** Between two octets of an answer, milliseconds. */
const DRIP = 200;
/** More than the queue of a server holds that takes one connection and accepts none. */
const FILLING = 4;

/** A member that answers as it should, until it falls silent. */
export class SilentMember {
  readonly #node: ClusterNode;
  readonly #how: Silence;
  readonly #held: ServerResponse[] = [];
  readonly #drips: NodeJS.Timeout[] = [];
  readonly #fillers: Socket[] = [];
  #mute: Server | undefined;
  #stuck: ChildProcess | undefined;

  constructor(node: ClusterNode, how: Silence) {
    this.#node = node;
    this.#how = how;
  }

  get #port(): number {
    return Number(this.#node.address.split(':')[1]);
  }

  /** From now on. `but`: calls that it still answers where it is silent after the request. */
  async fallSilent(but: (call: string) => boolean = () => false): Promise<void> {
    const port = this.#port;
    if (this.#how === 'request' || this.#how === 'answer') {
      this.#node.intercept = (call, request, response) => {
        if (but(call)) return false;
        request.resume();
        this.#held.push(response);
        if (this.#how === 'answer') {
          response.writeHead(200, { 'x-dns-cluster': '0' });
          this.#drips.push(setInterval(() => response.write('a'), DRIP));
        }
        return true;
      };
      return;
    }
    await this.#node.stop();
    if (this.#how === 'handshake') {
      this.#mute = createServer((socket) => socket.on('error', () => undefined)).listen(port, '127.0.0.1');
      await once(this.#mute, 'listening');
      return;
    }
    // Stopped, it accepts nothing; when its queue is full, the kernel answers nobody who connects.
    const code = `require('net').createServer().listen({ port: ${port}, host: '127.0.0.1', backlog: 1 }, () => console.log())`;
    this.#stuck = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'ignore'] });
    if (this.#stuck.stdout !== null) await once(this.#stuck.stdout, 'data');
    this.#stuck.kill('SIGSTOP');
    for (let i = 0; i < FILLING; i++) this.#fillers.push(connect(port, '127.0.0.1').on('error', () => undefined));
    await vi.waitFor(() => {
      const connected = this.#fillers.filter(({ connecting }) => !connecting).length;
      if (connected === 0 || this.connections() < 0) throw new Error('its queue is not full yet');
      if (connected === FILLING) throw new Error('its queue is longer than it was told');
    }, PATIENCE);
  }

  /** Resolves when so many wait for it. */
  async isWaitedFor(by = 1): Promise<void> {
    await vi.waitFor(() => {
      const waiting = this.#how === 'request' || this.#how === 'answer' ? this.#held.length : this.connections();
      if (waiting < by) throw new Error(`${waiting} wait for it`);
    }, PATIENCE);
  }

  /** Connections to it that stand or are being made, but for its own. */
  connections(): number {
    const rows = readFileSync('/proc/self/net/tcp', 'utf8').trim().split('\n').slice(1);
    const there = rows.filter((row) => {
      const [, , remote = '', state = ''] = row.trim().split(/\s+/);
      return parseInt(remote.split(':')[1] ?? '', 16) === this.#port && [ESTABLISHED, SYN_SENT].includes(state);
    });
    return there.length - this.#fillers.length;
  }

  async end(): Promise<void> {
    for (const drip of this.#drips) clearInterval(drip);
    for (const response of this.#held) response.destroy();
    for (const filler of this.#fillers) filler.destroy();
    this.#stuck?.kill('SIGKILL');
    this.#mute?.close();
    await this.#node.end();
  }
}
