import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { ipKeyGenerator } from 'express-rate-limit';
import { ClusterError, sentenceOf } from '../../errors.js';

/** What one who connects may take: times in milliseconds, and connections at a time. */
export interface ListenerLimits {
  /** For the TLS handshake. */
  handshake: number;
  /** For the headers of a request, from when the connection stands or the request before was answered. */
  headers: number;
  /** For a whole request. */
  request: number;
  /** Between two requests. */
  idle: number;
  /** How often these are checked. */
  checkInterval: number;
  connections: number;
  /** Of one address (of IPv6, one customer's network): the rest is for others. */
  connectionsOfOne: number;
}

const LIMITS: ListenerLimits = {
  handshake: 10_000,
  headers: 20_000,
  // The longest call of a peer (its own time-out).
  request: 300_000,
  // Longer than members keep an idle connection, so that it never ends just as they use it.
  idle: 75_000,
  checkInterval: 5_000,
  connections: 2_000,
  connectionsOfOne: 500,
};

/** A certificate with its key, in PEM. */
interface KeyPair {
  key: string;
  cert: string;
}

/** Where to listen, port 0 taking a free one, and what is shown. */
export interface TlsPlace extends KeyPair {
  host: string;
  port: number;
}

const OLDEST_TLS = 'TLSv1.2';

/** Serves an app by TLS to peers and browsers; nobody holds it up by many or slow connections. */
export class TlsListener {
  readonly port: number;
  readonly #server: Server;
  #fingerprint: string;

  private constructor(server: Server, fingerprint: string) {
    this.port = (server.address() as AddressInfo).port;
    this.#fingerprint = fingerprint;
    this.#server = server;
  }

  /** Of the certificate that it shows. */
  get fingerprint(): string {
    return this.#fingerprint;
  }

  /** Rejects with api_cannot_listen. */
  static async open(
    { host, port, key, cert }: TlsPlace,
    app: RequestListener,
    limits: Partial<ListenerLimits> = {},
  ): Promise<TlsListener> {
    const { handshake, headers, request, idle, checkInterval, connections, connectionsOfOne } = {
      ...LIMITS,
      ...limits,
    };
    try {
      const certificate = new X509Certificate(cert);
      if (!certificate.checkPrivateKey(createPrivateKey(key))) throw new Error('the key is not of this certificate');
      const times = {
        handshakeTimeout: handshake,
        headersTimeout: headers,
        requestTimeout: request,
        keepAliveTimeout: idle,
        connectionsCheckingInterval: checkInterval,
      };
      const server = createServer({ key, cert, minVersion: OLDEST_TLS, ...times }, app);
      server.maxConnections = connections;
      limitOfOne(server, connectionsOfOne);
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, () => {
          server.off('error', reject);
          resolve();
        });
      });
      return new TlsListener(server, certificate.fingerprint256);
    } catch (error) {
      throw new ClusterError(
        'api_cannot_listen',
        { address: `${host}:${port}`, why: sentenceOf(error) },
        { cause: error },
      );
    }
  }

  /** Shows another certificate to new connections. Throws where the two don't belong together. */
  show({ key, cert }: KeyPair): void {
    this.#server.setSecureContext({ key, cert, minVersion: OLDEST_TLS });
    this.#fingerprint = new X509Certificate(cert).fingerprint256;
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }
}

/** Nobody takes all connections alone. */
function limitOfOne(server: Server, most: number): void {
  const held = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const address = ipKeyGenerator(socket.remoteAddress ?? '');
    const count = (held.get(address) ?? 0) + 1;
    held.set(address, count);
    socket.once('close', () => {
      const left = (held.get(address) ?? 1) - 1;
      if (left > 0) held.set(address, left);
      else held.delete(address);
    });
    if (count > most) socket.destroy();
  });
}
