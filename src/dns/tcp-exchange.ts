import { connect } from 'node:net';
import { frame, FrameReader } from './tcp-framing.js';

/**
 * Sends one message over a TCP connection of its own and answers the first message that comes back. Rejects with a plain
 * Error that says why, after `timeout` milliseconds at the latest.
 */
export function exchangeOverTcp(
  server: { host: string; port: number },
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
