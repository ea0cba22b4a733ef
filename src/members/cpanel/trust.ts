import { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { keyPinOf } from '../../state/key-pin.js';

/** By what a server is known: this certificate, this key, or any certificate that an authority signed for its name. */
export const TRUST_KINDS = ['certificate', 'key', 'ca'] as const;
export type TrustKind = (typeof TRUST_KINDS)[number];

/** What was chosen where a server's certificate was shown. */
export interface Trust {
  /** One of TRUST_KINDS; anything else, or nothing as in rows of before there was a choice, is the certificate. */
  trust?: string | undefined;
  /** SHA-256 of the accepted certificate, upper-case hex pairs with colons. */
  fingerprint: string;
  /** Of the accepted certificate's key (key-pin.ts). */
  keyPin?: string | undefined;
  /** The authority in PEM; those that Node.js trusts where it is empty. */
  ca?: string | undefined;
  /** Keys that are not trusted although the one before signed them: somebody took that back. */
  refusedKeys?: readonly string[] | undefined;
}

/** What a server showed in a handshake. */
export interface ShownServer {
  fingerprint: string;
  keyPin: string;
  /** When the certificate ends, milliseconds since 1970. */
  ends: number;
  /** Who signed it, in one line. */
  issuer: string;
  /** Why the asked authorities do not vouch for it under its host name; undefined where they do. */
  unvouched: string | undefined;
}

const LONGEST_ISSUER = 200;

/** Throws where it shows no certificate, or one whose key makes no sense. */
export function shownBy(socket: TLSSocket): ShownServer {
  const certificate = socket.getPeerX509Certificate();
  if (!(certificate instanceof X509Certificate)) throw new Error('it shows no certificate');
  const { fingerprint256: fingerprint, publicKey, validTo, issuer } = certificate;
  return {
    fingerprint,
    keyPin: keyPinOf(publicKey),
    ends: Date.parse(validTo),
    issuer: issuer.replaceAll(/[\p{C}\p{Z}]+/gu, ' ').slice(0, LONGEST_ISSUER),
    unvouched: socket.authorized ? undefined : String(socket.authorizationError),
  };
}

/** What is looked at; a server of before there was a choice tells no pin. */
type Judged = Pick<ShownServer, 'fingerprint'> & { keyPin?: string | undefined; unvouched?: string | undefined };

export function isTrusted({ trust, fingerprint, keyPin = '' }: Trust, shown: Judged): boolean {
  if (trust === 'ca') return shown.unvouched === undefined;
  return trust === 'key' && keyPin !== '' ? shown.keyPin === keyPin : shown.fingerprint === fingerprint;
}

/** Why what is shown is not trusted, and what to do, in sentences. `name`: as the operator knows the server. */
export function whyUntrusted(name: string, trust: Trust, shown: ShownServer, signed?: 'taken back'): string {
  return (
    `${name} shows another certificate than the one that was accepted, and nothing was sent to it. ` +
    `Accepted: ${trust.fingerprint}. Now: ${shown.fingerprint}. ${besides(trust, shown, signed)}` +
    `If it was renewed, accept the new one on the member's page, or with: dnscluster members accept ${name}`
  );
}

function besides({ trust, ca = '' }: Trust, { issuer, unvouched = '' }: ShownServer, signed?: 'taken back'): string {
  if (trust === 'ca') {
    const who = ca === '' ? 'No public authority vouches' : 'The accepted authority does not vouch';
    return `${who} for it (${unvouched}; issuer: ${issuer}). `;
  }
  if (trust !== 'key') return '';
  if (signed === 'taken back') return 'The accepted key signed its key, but that was taken back here. ';
  return 'Its key is another one, too, which the accepted key did not sign. ';
}
