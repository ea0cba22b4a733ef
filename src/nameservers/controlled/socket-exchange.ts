import { connect } from 'node:net';

/**
 * What is asked of a server over its unix socket: one request, one reply, which ends when the server closes the
 * connection.
 */
interface SocketRequest {
  socket: string;
  /** Written at once; the reply is read meanwhile. */
  request: string;
  /** Milliseconds of silence after which it is given up. */
  timeout: number;
  /** Ends it before its time. */
  signal: AbortSignal;
}

/** A list of 100,000 zones takes some 8 MB. */
const LARGEST_REPLY = 64 * 1024 * 1024;

/**
 * Resolves with the reply, an octet a character. Rejects where the connection breaks; that a reply was cut off can't be
 * known.
 */
export function exchange({ socket: path, request, timeout, signal }: SocketRequest): Promise<string> {
  return new Promise((resolve, reject) => {
    const closed = (): Error => new Error('the channel was closed');
    if (signal.aborted) throw closed();
    const socket = connect(path);
    const chunks: Buffer[] = [];
    let size = 0;
    const aborted = (): void => fail(closed());
    const fail = (error: Error): void => {
      signal.removeEventListener('abort', aborted);
      reject(error);
      socket.destroy();
    };
    signal.addEventListener('abort', aborted, { once: true });
    socket.setTimeout(timeout, () => fail(new Error(`it was silent for ${timeout / 1000} s`)));
    socket.on('error', fail);
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > LARGEST_REPLY) fail(new Error('its reply is too long'));
    });
    socket.on('end', () => {
      signal.removeEventListener('abort', aborted);
      resolve(Buffer.concat(chunks).toString('latin1'));
    });
    socket.on('close', () => fail(new Error('it closed the connection')));
    socket.write(request, 'latin1');
  });
}
