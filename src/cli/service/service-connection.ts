import { request, type RequestOptions } from 'node:http';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { INSIDE_NODE } from '../../backup/backed-up-files.js';
import { codeOf } from '../../errors.js';
import { controlSocketOf } from '../../web/listening/control-socket.js';
import type { RemoteTarget } from './target.js';

const CONNECT_WITHIN = 10_000;
/** Octets of an answer: far more than the list of 100,000 zones takes. */
const LARGEST_ANSWER = 256 * 1024 * 1024;

/** What came back, whatever its status. */
export interface ServiceAnswer {
  status: number;
  body: string;
}

/** The service shows another certificate than the one that was accepted; nothing was sent to it. */
export class OtherCertificate extends Error {
  constructor(readonly shown: string) {
    super(`it shows the certificate ${shown}`);
  }
}

/**
 * Posts a form over the control socket of the service with its data in `folder`: a node's, or the plugin's elsewhere.
 */
export function postLocally(folder: string, path: string, form: Buffer): Promise<ServiceAnswer> {
  return overSocket(join(folder, INSIDE_NODE), path, form).catch((error: unknown) => {
    if (codeOf(error) !== 'ENOENT') throw error;
    return overSocket(folder, path, form);
  });
}

async function overSocket(folder: string, path: string, form: Buffer): Promise<ServiceAnswer> {
  const way = await controlSocketOf(folder);
  try {
    return await exchange({ path, socketPath: way.path }, form);
  } finally {
    await way.close();
  }
}

/**
 * Posts a form to a service elsewhere, with the token. Nothing is sent before its certificate is seen to be the one of
 * `fingerprint` (OtherCertificate).
 */
export async function postByTls(
  { host, port, token }: RemoteTarget,
  fingerprint: string,
  path: string,
  form: Buffer,
): Promise<ServiceAnswer> {
  const socket = await connectByTls(host, port);
  const shown = socket.getPeerCertificate().fingerprint256;
  if (shown !== fingerprint) {
    socket.destroy();
    throw new OtherCertificate(shown);
  }
  const headers = { authorization: `Bearer ${token}` };
  return exchange({ path, host, port, headers, createConnection: () => socket }, form);
}

/** The SHA-256 fingerprint of the certificate that a server shows now. */
export async function certificateOf(host: string, port: number): Promise<string> {
  const socket = await connectByTls(host, port);
  const { fingerprint256: fingerprint } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint;
}

/** Certificates of nodes are self-signed, so no authority could say more than the fingerprint does. */
function connectByTls(host: string, port: number): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, rejectUnauthorized: false, minVersion: 'TLSv1.2' }, () => {
      clearTimeout(late);
      socket.off('error', reject);
      resolve(socket);
    });
    const late = setTimeout(() => socket.destroy(new Error('it does not answer')), CONNECT_WITHIN);
    socket.once('error', reject);
    socket.once('close', () => clearTimeout(late));
  });
}

/** Takes as long as the service takes. */
function exchange(options: RequestOptions, form: Buffer): Promise<ServiceAnswer> {
  return new Promise((resolve, reject) => {
    const type = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': form.length };
    const headers = { ...(options.headers as Record<string, string> | undefined), ...type };
    const sent = request({ ...options, method: 'POST', headers }, (response) => {
      const parts: Buffer[] = [];
      let size = 0;
      response.on('data', (part: Buffer) => {
        size += part.length;
        if (size > LARGEST_ANSWER) response.destroy(new Error(`its answer is larger than ${LARGEST_ANSWER} octets`));
        else parts.push(part);
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts).toString() }));
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(form);
  });
}
