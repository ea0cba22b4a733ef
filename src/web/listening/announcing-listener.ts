import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { STATEMENTS_PATH } from '../../access/key-statements.js';
import type { ShownCertificate } from '../../access/shown-certificate.js';
import { TlsListener, type TlsPlace } from './tls-listener.js';

/**
 * Listens with a certificate that may be renewed at any time, and tells which keys followed which. For that a peer
 * needs no token: it asks before it trusts the key that it is shown. Rejects with api_cannot_listen.
 */
export async function openAnnouncing(
  place: Pick<TlsPlace, 'host' | 'port'>,
  certificate: ShownCertificate,
  app: RequestListener,
): Promise<TlsListener> {
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    if (request.url !== STATEMENTS_PATH) {
      app(request, response);
      return;
    }
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(certificate.statements));
  };
  const { key, cert } = certificate.current;
  const listener = await TlsListener.open({ ...place, key, cert }, answer);
  certificate.watch((renewed) => listener.show(renewed));
  return listener;
}
