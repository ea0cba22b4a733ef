import type { Request } from 'express';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { ClusterError } from '../../errors.js';

/** A percent-encoded bundle of 50 MB fits. The limit also holds after gzip: a small body may inflate to a large one. */
export const LARGEST_BODY = 80 * 1024 * 1024;

/**
 * A request's body as it arrives, unpacked where it is packed; none for GET. Whatever the content type says: the
 * vendor's client sends forms as application/octet-stream (measured). Rejects with body_too_large before anything is
 * read where the sender says how long it is.
 */
export async function* bodyOf(request: Request): AsyncGenerator<Buffer> {
  if (request.method !== 'POST') return;
  if (Number(request.headers['content-length'] ?? 0) > LARGEST_BODY) {
    throw new ClusterError('body_too_large', { limit: LARGEST_BODY });
  }
  const octets = unpacked(request);
  try {
    yield* octets;
  } catch (error) {
    // The sender went away, or what it sent is not what it says.
    throw new ClusterError('request_unreadable', {}, { cause: error });
  }
}

function unpacked(request: Request): AsyncIterable<Buffer> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').toLowerCase();
  if (encoding === 'identity') return request as AsyncIterable<Buffer>;
  if (encoding !== 'gzip' && encoding !== 'x-gzip') {
    throw new ClusterError('encoding_unknown', { encoding: encoding.slice(0, 60) });
  }
  const gunzip = createGunzip();
  // A sender that goes away ends the unpacking, too.
  pipeline(request, gunzip, () => undefined);
  return gunzip as AsyncIterable<Buffer>;
}
