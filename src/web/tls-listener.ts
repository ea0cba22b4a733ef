import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { ClusterError, sentenceOf } from '../errors.js';

/** Headers within this time, or the connection ends: nobody holds a connection by sending slowly. */
const HEADERS_TIMEOUT = 20_000;
/** The longest call of a peer (its own time-out). */
const REQUEST_TIMEOUT = 300_000;
/** Longer than members keep an idle connection, so that it never ends just as they use it. */
const KEEP_ALIVE = 75_000;
const MOST_CONNECTIONS = 2_000;

/** Where to listen, port 0 taking a free one, and the certificate with its key, in PEM. */
export interface TlsPlace {
  host: string;
  port: number;
  key: string;
  cert: string;
}

/** Serves an app by TLS to peers and browsers; nobody holds it up by many or slow connections. */
export class TlsListener {
  readonly port: number;
  /** Of its certificate, as members pin it. */
  readonly fingerprint: string;
  readonly #server: Server;

  private constructor(server: Server, fingerprint: string) {
    this.port = (server.address() as AddressInfo).port;
    this.fingerprint = fingerprint;
    this.#server = server;
  }

  /** Rejects with api_cannot_listen. */
  static async open({ host, port, key, cert }: TlsPlace, app: RequestListener): Promise<TlsListener> {
    try {
      const certificate = new X509Certificate(cert);
      if (!certificate.checkPrivateKey(createPrivateKey(key))) throw new Error('the key is not of this certificate');
      const server = createServer({ key, cert, minVersion: 'TLSv1.2', requestTimeout: REQUEST_TIMEOUT }, app);
      server.headersTimeout = HEADERS_TIMEOUT;
      server.keepAliveTimeout = KEEP_ALIVE;
      server.maxConnections = MOST_CONNECTIONS;
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

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }
}
