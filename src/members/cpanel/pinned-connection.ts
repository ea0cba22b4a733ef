import { once } from 'node:events';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { buildConnector } from 'undici';
import { sentenceOf } from '../../errors.js';
import { cutOffBy } from '../../operations/cut-off.js';
import { MemberError, type CallOptions } from '../member-backend.js';
import { connectorFor, type Reach } from '../reach.js';

const HANDSHAKE_WITHIN = 10_000;

/** What a member's certificate says of itself. */
interface ShownCertificate {
  /** Milliseconds since 1970. */
  ends: number;
}

/**
 * Connects by TLS and lets a request out only where the member shows the certificate that was pinned when it was added.
 * Peers' certificates are self-signed, so no authority could say more. `accepted` is told of the pinned one each time
 * it is shown; `signal` ends all connections.
 */
export function pinnedConnector(
  hostname: string,
  fingerprint: string,
  {
    accepted,
    reach,
    signal,
  }: CallOptions & { accepted: (certificate: ShownCertificate) => void; reach?: Reach | undefined },
): buildConnector.connector {
  const connector = connectorFor(reach, signal, {
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
    timeout: HANDSHAKE_WITHIN,
    // A resumed session shows no certificate (measured), so there would be nothing to compare.
    maxCachedSessions: 0,
  });
  return (options, callback) => {
    connector(options, (error, socket) => {
      if (error !== null) {
        callback(error, null);
        return;
      }
      const { fingerprint256: shown, valid_to: until } = (socket as TLSSocket).getPeerCertificate();
      if (shown === fingerprint) {
        const ends = Date.parse(until);
        if (Number.isFinite(ends)) accepted({ ends });
        callback(null, socket);
        return;
      }
      socket.destroy();
      callback(certificateChanged(hostname, fingerprint, shown), null);
    });
  };
}

function certificateChanged(hostname: string, pinned: string, shown: string): MemberError {
  return new MemberError(
    'certificate_changed',
    `${hostname} shows another certificate than the one that was accepted, and nothing was sent to it. Accepted: ${pinned}. ` +
      `Now: ${shown}. If it was renewed, accept the new one on the member's page.`,
  );
}

/**
 * The SHA-256 fingerprint of the certificate that a server shows now, and our own address on the way to it. Rejects
 * with MemberError where it can't be reached. A host that is an address is for the caller to check.
 */
export async function shownCertificate(
  host: string,
  port: number,
  { reach, signal }: CallOptions & { reach?: Reach | undefined } = {},
): Promise<{ fingerprint: string; ownAddress: string | undefined }> {
  const ownLookup = reach === undefined ? {} : { lookup: reach.lookup };
  const socket = connectTls({ host, port, rejectUnauthorized: false, minVersion: 'TLSv1.2', ...ownLookup });
  try {
    await cutOffBy([AbortSignal.timeout(HANDSHAKE_WITHIN), signal], () => once(socket, 'secureConnect'));
    const { fingerprint256: fingerprint } = socket.getPeerCertificate();
    return { fingerprint, ownAddress: socket.localAddress?.replace(/^::ffff:(?=[0-9.]+$)/, '') };
  } catch (error) {
    if (error instanceof MemberError) throw error;
    const why = error instanceof Error && error.name === 'TimeoutError' ? 'it does not answer' : sentenceOf(error);
    const sentence = `${host}, port ${port}, cannot be reached: ${why}. Check address, port and firewall.`;
    throw new MemberError('unreachable', sentence);
  } finally {
    socket.destroy();
  }
}
