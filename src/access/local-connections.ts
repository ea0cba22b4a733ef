import type { Server } from 'node:http';
import type { Socket } from 'node:net';

const trusted = new WeakSet<Socket>();

/**
 * From now on who connects to this server is root, without a token. Only for one that listens on a socket file which
 * nobody but root and our own user can open: throws where it listens on a port, so that nothing over TCP is ever
 * trusted.
 */
export function trustConnections(server: Server): void {
  if (typeof server.address() !== 'string') throw new Error('only connections over a socket file can be trusted');
  server.on('connection', (socket) => trusted.add(socket));
}

/** Did this connection come over a socket file that only root and our own user can open? */
export function isTrusted(socket: Socket): boolean {
  return trusted.has(socket);
}
