import { once } from 'node:events';
import { isIP } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { buildConnector } from 'undici';
import { successorsOf } from '../../access/key-statements.js';
import { sentenceOf } from '../../errors.js';
import { cutOffBy } from '../../operations/cut-off.js';
import { MemberError, type CallOptions, type KeepRenewal, type KeyRenewal } from '../member-backend.js';
import { connectorFor, type Reach } from '../reach.js';
import { statementsFrom } from './announced-keys.js';
import { isTrusted, shownBy, whyUntrusted, type ShownServer, type Trust } from './trust.js';

const HANDSHAKE_WITHIN = 10_000;
const OLDEST_TLS = 'TLSv1.2';

interface Pinning extends CallOptions {
  /** Names the server in sentences. */
  name: () => string;
  /** Is told of what is shown each time that it is trusted. */
  accepted: (shown: ShownServer) => void;
  /** What keeps a key that the accepted one signed, so that `trust` has it then. Where absent, none is looked for. */
  renewed?: () => KeepRenewal | undefined;
  reach?: Reach | undefined;
}

/**
 * Connects by TLS and lets a request out only where what the member shows is trusted. Most are self-signed, and known
 * by their certificate or key alone. `signal` ends all connections.
 */
export function pinnedConnector(
  trust: () => Trust,
  { name, accepted, renewed, reach, signal }: Pinning,
): buildConnector.connector {
  const connector = connectorFor(reach, signal, {
    rejectUnauthorized: false,
    minVersion: OLDEST_TLS,
    timeout: HANDSHAKE_WITHIN,
    // A resumed session shows no certificate (measured), so there would be nothing to compare.
    maxCachedSessions: 0,
    ...authorityOf(trust()),
  });
  const connect = (to: buildConnector.Options): Promise<TLSSocket> =>
    new Promise((resolve, reject) => {
      connector(to, (error, socket) => (error === null ? resolve(socket as TLSSocket) : reject(error)));
    });
  const trusted = async (to: buildConnector.Options, keep?: KeepRenewal): Promise<TLSSocket> => {
    const socket = await connect(to);
    try {
      const shown = shownBy(socket);
      if (isTrusted(trust(), shown)) {
        accepted(shown);
        return socket;
      }
      const renewal = keep && (await signedRenewal(socket, trust(), shown));
      if (renewal === undefined || renewal === 'taken back')
        throw new MemberError('certificate_changed', whyUntrusted(name(), trust(), shown, renewal));
      await keep?.(renewal);
    } catch (error) {
      socket.destroy();
      throw error;
    }
    socket.destroy();
    return trusted(to);
  };
  return (to, callback) => {
    trusted(to, renewed?.()).then(
      (socket) => callback(null, socket),
      (error: unknown) => callback(error instanceof Error ? error : new Error(sentenceOf(error)), null),
    );
  };
}

/** The keys by which the trusted one leads to the shown one. */
async function signedRenewal(
  socket: TLSSocket,
  { trust, keyPin = '', refusedKeys = [] }: Trust,
  { keyPin: shownPin, fingerprint }: ShownServer,
): Promise<KeyRenewal | 'taken back' | undefined> {
  if (trust !== 'key' || keyPin === '') return undefined;
  const keys = successorsOf(keyPin, shownPin, await statementsFrom(socket));
  if (keys === undefined) return undefined;
  return keys.some((key) => refusedKeys.includes(key)) ? 'taken back' : { from: keyPin, keys, fingerprint };
}

function authorityOf({ trust, ca = '' }: Trust): { ca?: string } {
  return trust === 'ca' && ca !== '' ? { ca } : {};
}

/**
 * What a server shows now, judged by these authorities, and our own address on the way to it. Rejects with MemberError
 * where it can't be reached. A host that is an address is for the caller to check.
 */
export async function shownCertificate(
  host: string,
  port: number,
  { reach, signal, ca = '' }: CallOptions & { reach?: Reach | undefined; ca?: string | undefined } = {},
): Promise<ShownServer & { ownAddress: string | undefined }> {
  const ownLookup = reach === undefined ? {} : { lookup: reach.lookup };
  // As for each connection later: a server may show another certificate for another name.
  const named = isIP(host) === 0 ? { servername: host } : {};
  const how = { rejectUnauthorized: false, minVersion: OLDEST_TLS, ...ownLookup, ...named } as const;
  try {
    const socket = connectTls({ host, port, ...how, ...(ca === '' ? {} : { ca }) });
    try {
      await cutOffBy([AbortSignal.timeout(HANDSHAKE_WITHIN), signal], () => once(socket, 'secureConnect'));
      return { ...shownBy(socket), ownAddress: socket.localAddress?.replace(/^::ffff:(?=[0-9.]+$)/, '') };
    } finally {
      socket.destroy();
    }
  } catch (error) {
    if (error instanceof MemberError) throw error;
    const why = error instanceof Error && error.name === 'TimeoutError' ? 'it does not answer' : sentenceOf(error);
    const sentence = `${host}, port ${port}, cannot be reached: ${why}. Check address, port and firewall.`;
    throw new MemberError('unreachable', sentence);
  }
}
