import { X509Certificate } from 'node:crypto';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { generate } from 'selfsigned';
import { ClusterError, sentenceOf } from '../errors.js';
import { dropTemporaries, replaceFile } from './durable-file.js';
import { keyPinOf } from './key-pin.js';

export interface Certificate {
  key: string;
  cert: string;
  /** SHA-256, upper-case hex pairs with colons. */
  fingerprint: string;
  /** Of its key (key-pin.ts): what members pin. */
  keyPin: string;
}

/** PEM files that somebody else keeps; the certificate may be followed by those of its authorities. */
export interface CertificateFiles {
  certificate: string;
  key: string;
}

/** Those of the certificate that a server makes for itself in this folder. */
export function ownCertificateFiles(folder: string): CertificateFiles {
  return { certificate: join(folder, 'tls.crt'), key: join(folder, 'tls.key') };
}

const TEN_YEARS = 10 * 365 * 24 * 3600 * 1000;

/**
 * The certificate of these files. Rejects with certificate_unusable where they can't be read or don't belong together.
 */
export async function givenCertificate(files: CertificateFiles): Promise<Certificate> {
  try {
    return await certificateOf(files);
  } catch (error) {
    throw new ClusterError('certificate_unusable', { ...files, why: sentenceOf(error) }, { cause: error });
  }
}

/**
 * This server's TLS certificate, made on the first start: self-signed, as peers of this kind use, because members pin
 * its key, or the certificate itself. `addresses`, or names, become its alternative names. Rejects with
 * own_certificate_damaged.
 */
export async function ownCertificate(
  folder: string,
  hostname: string,
  addresses: readonly string[],
): Promise<Certificate> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { key: keyFile, certificate: certFile } = ownCertificateFiles(folder);
  for (const file of [keyFile, certFile]) await dropTemporaries(file);
  if (await areThere(keyFile, certFile)) {
    return certificateOf({ key: keyFile, certificate: certFile }).catch((error: unknown) => {
      throw new ClusterError('own_certificate_damaged', { folder, why: sentenceOf(error) }, { cause: error });
    });
  }
  const made = await generate([{ name: 'commonName', value: hostname }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notAfterDate: new Date(Date.now() + TEN_YEARS),
    extensions: [
      {
        name: 'subjectAltName',
        altNames: [hostname, ...addresses].map((name) =>
          isIP(name) === 0 ? { type: 2 as const, value: name } : { type: 7 as const, ip: name },
        ),
      },
    ],
  });
  await replaceFile(keyFile, made.private, 0o600);
  await replaceFile(certFile, made.cert, 0o644);
  return pairOf(made.private, made.cert);
}

async function certificateOf(files: CertificateFiles): Promise<Certificate> {
  const [key, cert] = await Promise.all([readFile(files.key, 'utf8'), readFile(files.certificate, 'utf8')]);
  createSecureContext({ key, cert });
  return pairOf(key, cert);
}

function pairOf(key: string, cert: string): Certificate {
  const { fingerprint256: fingerprint, publicKey } = new X509Certificate(cert);
  return { key, cert, fingerprint, keyPin: keyPinOf(publicKey) };
}

async function areThere(...files: readonly string[]): Promise<boolean> {
  const found = await Promise.all(files.map((file) => stat(file).catch(() => undefined)));
  return found.every((one) => one !== undefined);
}
