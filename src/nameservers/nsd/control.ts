import { connect } from 'node:net';
import pLimit from 'p-limit';
import { ClusterError, sentenceOf } from '../../errors.js';

/** Commands at the same time, a connection each. NSD runs them one after the other. */
const CONNECTIONS = 4;
/** Milliseconds for one command; NSD answers before it loads. */
const TIMEOUT = 15_000;
/** A list of 100,000 zones takes some 8 MB. */
const LARGEST_REPLY = 64 * 1024 * 1024;
/** Ends the lines that follow a command. */
const END_OF_LINES = '\x04\n';

/** NSD's control channel: the protocol of nsd-control over its unix socket, one connection for each command. */
export class NsdControl {
  readonly #socket: string;
  readonly #limit = pLimit(CONNECTIONS);
  readonly #closing = new AbortController();

  /** `socket` is the path of its `control-interface`. */
  constructor(socket: string) {
    this.#socket = socket;
  }

  /**
   * Runs a command and resolves with what nsd-control would print. `lines` follow commands such as addzones, however many: the
   * reply is read meanwhile (nsd-control itself sends all first, and stands still with NSD at about a thousand lines). Rejects
   * with nameserver_unavailable where no whole reply came.
   */
  command(command: string, lines?: readonly string[]): Promise<string> {
    return this.#limit(async () => {
      try {
        return await this.#exchange(command, lines);
      } catch (error) {
        const facts = { software: 'NSD', where: this.#socket, why: sentenceOf(error) };
        throw new ClusterError('nameserver_unavailable', facts, { cause: error });
      }
    });
  }

  /** Idempotent. Commands under way are rejected. */
  close(): void {
    this.#closing.abort();
  }

  #exchange(command: string, lines?: readonly string[]): Promise<string> {
    return new Promise((resolve, reject) => {
      const { signal } = this.#closing;
      const socket = connect(this.#socket);
      const chunks: Buffer[] = [];
      let size = 0;
      const fail = (error: Error): void => {
        reject(error);
        socket.destroy();
      };
      const aborted = (): void => fail(new Error('the channel was closed'));
      if (signal.aborted) aborted();
      signal.addEventListener('abort', aborted, { once: true });
      socket.setTimeout(TIMEOUT, () => fail(new Error(`it was silent for ${TIMEOUT / 1000} s`)));
      socket.on('error', fail);
      socket.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
        if (size > LARGEST_REPLY) fail(new Error('its reply is too long'));
      });
      socket.on('end', () => {
        // Only a list of no zones says nothing.
        if (size === 0 && command !== 'zonestatus') fail(new Error('it closed the connection without a word'));
        else resolve(Buffer.concat(chunks).toString('latin1'));
      });
      socket.on('close', () => {
        signal.removeEventListener('abort', aborted);
        reject(new Error('it closed the connection'));
      });
      // The number is that of the protocol's version.
      socket.write(`NSDCT1 ${command}\n`);
      if (lines !== undefined) socket.write(lines.map((line) => `${line}\n`).join('') + END_OF_LINES);
    });
  }
}
