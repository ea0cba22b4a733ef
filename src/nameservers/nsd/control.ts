import pLimit from 'p-limit';
import { ClusterError, sentenceOf } from '../../errors.js';
import { exchange } from '../controlled/socket-exchange.js';

/** Commands at the same time, a connection each. NSD runs them one after the other. */
const CONNECTIONS = 4;
/** Milliseconds for one command; NSD answers before it loads. */
const TIMEOUT = 15_000;
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
   * Runs a command and resolves with what nsd-control would print. `lines` follow commands such as addzones, however
   * many: the reply is read meanwhile (nsd-control itself sends all first, and stands still with NSD at about a
   * thousand lines). Rejects with nameserver_unavailable where no reply came.
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

  async #exchange(command: string, lines: readonly string[] | undefined): Promise<string> {
    const more = lines === undefined ? '' : lines.map((line) => `${line}\n`).join('') + END_OF_LINES;
    // The number is that of the protocol's version.
    const request = `NSDCT1 ${command}\n${more}`;
    const reply = await exchange({ socket: this.#socket, request, timeout: TIMEOUT, signal: this.#closing.signal });
    // Only a list of no zones says nothing.
    if (reply === '' && command !== 'zonestatus') throw new Error('it closed the connection without a word');
    return reply;
  }
}
