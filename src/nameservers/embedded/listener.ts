import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, isIPv6, type Server, type Socket } from 'node:net';
import { frame, FrameReader } from '../../dns/messages/tcp.js';
import { ClusterError, codeOf, sentenceOf } from '../../errors.js';
import type { Log } from '../../operations/log.js';
import type { DnsAddress } from '../nameserver.js';
import { Connections } from './connections.js';
import type { Asker } from './responder.js';

const RECEIVE_BUFFER = 4 << 20; // bursts wait here while zones are loaded
const PORT_TRIES = 20;

export interface ListenerOptions {
  respond: Respond;
  /**
   * Milliseconds from one answer to the next (RFC 7766 §6.2.3); single octets now and then do not hold a connection.
   */
  tcpIdleTimeout: number;
  log: Log;
}
type Respond = (octets: Buffer, asker: Asker) => Iterable<Buffer>;

/** One address where DNS is answered over UDP and TCP. */
export class Listener {
  readonly address: DnsAddress;
  readonly #udp: UdpSocket;
  readonly #tcp: Server;
  readonly #connections = new Connections();
  readonly #options: ListenerOptions;

  /**
   * Listens at `address`; port 0 finds one that is free for both. Throws nameserver_cannot_listen.
   */
  static async open(address: DnsAddress, options: ListenerOptions): Promise<Listener> {
    const ipv6Only = isIPv6(address.host); // so that 0.0.0.0 and :: can both be listened at
    for (let tries = 1; ; tries++) {
      const udp = createSocket({
        type: ipv6Only ? 'udp6' : 'udp4',
        ipv6Only,
        recvBufferSize: RECEIVE_BUFFER,
      });
      const tcp = createServer({ allowHalfOpen: true, noDelay: true });
      try {
        udp.bind(address.port, address.host);
        await once(udp, 'listening');
        const { port } = udp.address();
        tcp.listen({ port, host: address.host, ipv6Only });
        await once(tcp, 'listening');
        return new Listener({ host: address.host, port }, udp, tcp, options);
      } catch (error) {
        udp.close();
        tcp.close();
        const why = sentenceOf(error);
        // A port that is free for UDP may be taken for TCP: try another.
        if (address.port === 0 && codeOf(error) === 'EADDRINUSE' && tries < PORT_TRIES) continue;
        throw new ClusterError(
          'nameserver_cannot_listen',
          { address: `${address.host}:${address.port}`, why },
          { cause: error },
        );
      }
    }
  }

  private constructor(address: DnsAddress, udp: UdpSocket, tcp: Server, options: ListenerOptions) {
    const { log } = options;
    this.address = address;
    this.#udp = udp;
    this.#tcp = tcp;
    this.#options = options;
    udp.on('message', (octets, peer) => this.#datagram(octets, peer));
    udp.on('error', (error) => log.debug({ err: error }, 'an answer could not be sent'));
    tcp.on('error', (error) => log.warn({ err: error }, 'a DNS connection could not be accepted'));
    tcp.on('connection', (socket) => void this.#serve(socket));
  }

  /** Closes both sockets and every connection. */
  async close(): Promise<void> {
    const closed = [once(this.#udp, 'close'), once(this.#tcp, 'close')];
    this.#udp.close();
    this.#tcp.close();
    this.#connections.closeAll();
    await Promise.all(closed);
  }

  #datagram(octets: Buffer, peer: RemoteInfo): void {
    if (peer.port === 0) return; // nowhere to answer to
    for (const response of this.#options.respond(octets, { address: peer.address, tcp: false })) {
      this.#udp.send(response, peer.port, peer.address);
    }
  }

  /** Answers a connection's questions in turn; reads no further while the asker does not take the answers. */
  async #serve(socket: Socket): Promise<void> {
    this.#connections.add(socket);
    const asker: Asker = { address: socket.remoteAddress ?? '', tcp: true };
    const idle = setTimeout(() => socket.destroy(new Error('idle')), this.#options.tcpIdleTimeout);
    socket.on('error', () => undefined); // the asker went away, was idle, or made room for another
    socket.on('close', () => clearTimeout(idle));
    const frames = new FrameReader();
    try {
      for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        frames.push(chunk);
        for (let octets = frames.next(); octets !== undefined; octets = frames.next()) {
          for (const response of this.#options.respond(octets, asker)) {
            idle.refresh();
            this.#connections.answered(socket);
            if (!socket.write(frame(response))) await once(socket, 'drain');
          }
        }
      }
      socket.end();
    } catch {
      socket.destroy();
    }
  }
}
