import pLimit from 'p-limit';
import { ClusterError, sentenceOf } from '../../errors.js';
import { exchange } from '../controlled/socket-exchange.js';

/** Commands at the same time, a connection each. */
const CONNECTIONS = 4;
/** Milliseconds for one command. */
const TIMEOUT = 15_000;
/** Milliseconds for one that loads zones: it loads some 30,000 a second. */
export const LOAD_TIMEOUT = 60_000;

/** PowerDNS's control channel: the protocol of pdns_control over its unix socket, one connection for each command. */
export class PdnsControl {
  readonly #socket: string;
  readonly #limit = pLimit(CONNECTIONS);
  readonly #closing = new AbortController();

  constructor(socket: string) {
    this.#socket = socket;
  }

  /**
   * Runs a command and resolves with what pdns_control would print. Rejects with nameserver_unavailable where no reply
   * came.
   */
  command(command: string, timeout = TIMEOUT): Promise<string> {
    return this.#limit(async () => {
      const { signal } = this.#closing;
      try {
        return await exchange({ socket: this.#socket, request: `${command}\n`, timeout, signal });
      } catch (error) {
        const facts = { software: 'PowerDNS', where: this.#socket, why: sentenceOf(error) };
        throw new ClusterError('nameserver_unavailable', facts, { cause: error });
      }
    });
  }

  /** Idempotent. Commands under way are rejected. */
  close(): void {
    this.#closing.abort();
  }
}
