import { connect } from 'node:net';

/** DNS messages over TCP stand behind their length in two octets (RFC 1035 §4.2.2, RFC 7766 §8). */

/** One message as TCP carries it. */
export function frame(message: Buffer): Buffer {
  const length = Buffer.allocUnsafe(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

/** Puts a TCP stream's chunks together into messages; holds at most one message and one chunk. */
export class FrameReader {
  #pending: Buffer = Buffer.alloc(0);

  /** Takes what arrived. */
  push(chunk: Buffer): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
  }

  /** The next whole message, or undefined where more must arrive first. */
  next(): Buffer | undefined {
    if (this.#pending.length < 2) return undefined;
    const end = 2 + this.#pending.readUInt16BE(0);
    if (this.#pending.length < end) return undefined;
    const message = this.#pending.subarray(2, end);
    this.#pending = this.#pending.subarray(end);
    return message;
  }
}

/**
 * Sends one message over a TCP connection of its own and answers the first message that comes back. Rejects with a
 * plain Error that says why, after `timeout` milliseconds or at the signal at the latest.
 */
export function exchangeOverTcp(
  server: { host: string; port: number; signal?: AbortSignal },
  message: Buffer,
  timeout: number,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const frames = new FrameReader();
    const socket = connect(server);
    const end = setTimeout(() => socket.destroy(new Error(`within ${timeout} ms`)), timeout);
    socket.on('connect', () => socket.write(frame(message)));
    socket.on('error', reject);
    socket.on('close', () => {
      clearTimeout(end);
      reject(new Error('the connection was closed'));
    });
    socket.on('data', (chunk) => {
      frames.push(chunk);
      const answer = frames.next();
      if (answer === undefined) return;
      resolve(answer);
      socket.destroy();
    });
  });
}
