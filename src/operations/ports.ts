import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below the range from which the kernel takes ports for outgoing connections, which could come between looking and
 * using.
 */
const FIRST = 20_000;
const LAST = 32_000;
const TRIES = 50;

/** A port of 127.0.0.1 that nobody used a moment ago, for UDP and TCP. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES; tries++) {
    const port = randomInt(FIRST, LAST);
    const free = await demandFree({ host: '127.0.0.1', port }).then(
      () => true,
      () => false,
    );
    if (free) return port;
  }
  throw new Error(`no free port was found between ${FIRST} and ${LAST}`);
}

/** Rejects with the system's error where UDP or TCP at this address is in use or not ours to take. */
export async function demandFree({ host, port }: { host: string; port: number }): Promise<void> {
  const server = createServer();
  server.listen(port, host);
  await once(server, 'listening');
  server.close();
  await once(server, 'close');
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  try {
    socket.bind(port, host);
    await once(socket, 'listening');
  } finally {
    socket.close();
  }
}
