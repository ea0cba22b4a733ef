import { connect, type Socket } from 'node:net';
import pLimit from 'p-limit';
import { ClusterError, sentenceOf } from '../../errors.js';
import { encodeCommand, readReply, type KnotCommand, type KnotReply } from './control-message.js';

/** Commands sent ahead of their replies: both sides are kept busy, and neither's buffer is filled. */
const AHEAD = 64;
/** Milliseconds of silence; the commit of a transaction with 10,000 zones takes a second. */
const TIMEOUT = 15_000;
const LARGEST_REPLY = 64 * 1024 * 1024;

/**
 * Knot's control channel: the protocol of knotc over its unix socket. Knot 3.2 serves one connection after the other,
 * so one is held for a series of commands and then given up: else nobody could use knotc beside us.
 */
export class KnotControl {
  readonly #socket: string;
  readonly #turn = pLimit(1);
  readonly #open = new Set<Socket>();
  #closed = false;

  constructor(socket: string) {
    this.#socket = socket;
  }

  /**
   * Runs commands one after the other, each whatever came of those before; one reply for each, in their order. A
   * refusal is a reply; rejects with nameserver_unavailable where the connection broke.
   */
  run(commands: readonly KnotCommand[]): Promise<KnotReply[]> {
    return this.#turn(async () => {
      try {
        if (this.#closed) throw new Error('the channel was closed');
        return await this.#series(commands);
      } catch (error) {
        const facts = { software: 'Knot DNS', where: this.#socket, why: sentenceOf(error) };
        throw new ClusterError('nameserver_unavailable', facts, { cause: error });
      }
    });
  }

  /** Idempotent. Commands under way are rejected. */
  close(): void {
    this.#closed = true;
    for (const socket of this.#open) socket.destroy(new Error('the channel was closed'));
  }

  #series(commands: readonly KnotCommand[]): Promise<KnotReply[]> {
    if (commands.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      const socket = connect(this.#socket);
      this.#open.add(socket);
      const replies: KnotReply[] = [];
      let sent = 0;
      let received = Buffer.alloc(0);
      const sendAhead = (): void => {
        const next = commands.slice(sent, replies.length + AHEAD);
        sent += next.length;
        if (next.length > 0) socket.write(Buffer.concat(next.map((command) => encodeCommand(command))));
      };
      const read = (chunk: Buffer): void => {
        received = Buffer.concat([received, chunk]);
        if (received.length > LARGEST_REPLY) throw new Error('its reply is too long');
        for (;;) {
          const found = readReply(received);
          if (found === undefined) break;
          replies.push(found.reply);
          received = received.subarray(found.length);
        }
        if (replies.length < commands.length) sendAhead();
        else {
          resolve(replies);
          socket.end();
        }
      };
      socket.setTimeout(TIMEOUT, () => socket.destroy(new Error(`it was silent for ${TIMEOUT / 1000} s`)));
      socket.on('data', (chunk: Buffer) => {
        try {
          read(chunk);
        } catch (error) {
          socket.destroy(error as Error);
        }
      });
      socket.on('error', reject);
      socket.on('close', () => {
        this.#open.delete(socket);
        reject(new Error('it closed the connection'));
      });
      sendAhead();
    });
  }
}
