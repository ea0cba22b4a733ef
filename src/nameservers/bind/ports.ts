import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import type { DnsAddress } from '../nameserver.js';

/** A TCP port of 127.0.0.1 that nobody used a moment ago. */
export async function freePort(): Promise<number> {
  return holdTcp({ host: '127.0.0.1', port: 0 });
}

/** Rejects with the system's error where UDP or TCP at this address is in use or not ours to take. */
export async function demandFree(address: DnsAddress): Promise<void> {
  await holdTcp(address);
  const socket = createSocket('udp4');
  try {
    socket.bind(address.port, address.host);
    await once(socket, 'listening');
  } finally {
    socket.close();
  }
}

async function holdTcp({ host, port }: DnsAddress): Promise<number> {
  const server = createServer();
  server.listen(port, host);
  await once(server, 'listening');
  const taken = (server.address() as AddressInfo).port;
  server.close();
  await once(server, 'close');
  return taken;
}
