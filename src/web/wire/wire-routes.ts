import { Router, type Request, type Response } from 'express';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { peerOf } from '../../access/authenticate.js';
import { accountOf, hasPrivilege } from '../../access/principal.js';
import type { Cluster } from '../../cluster/cluster.js';
import { ClusterError, codeOf } from '../../errors.js';
import { send } from '../requests/send.js';
import { BUNDLE_CALLS } from './bundle-calls.js';
import { DIGEST_CALLS } from './digest-calls.js';
import { RecentWrites } from './recent-writes.js';
import { SERVER_CALLS } from './server-calls.js';
import type { WireAnswer, WireCall } from './wire-call.js';
import { ApiRequest } from '../requests/api-request.js';
import { ZONE_CALLS } from './zone-calls.js';

/** All calls of the wire, by name. */
export const CALLS: ReadonlyMap<string, WireCall> = new Map(
  Object.entries({ ...ZONE_CALLS, ...BUNDLE_CALLS, ...SERVER_CALLS, ...DIGEST_CALLS }),
);

/**
 * `/scripts2/CALL`, GET and POST alike, as the original's peers send them. Only behind authenticateToken; the app
 * answers errors.
 */
export function wireRoutes(cluster: Cluster): Router {
  const router = Router();
  const recent = new RecentWrites();
  router.all('/:call', async (request: Request, response: Response) => {
    const { body, status } = await answer(request, cluster, recent);
    response.status(status ?? 200).type('text/plain');
    if (typeof body === 'string' || Buffer.isBuffer(body)) send(request, response, body);
    else await stream(body, response);
  });
  return router;
}

async function answer(request: Request, cluster: Cluster, recent: RecentWrites): Promise<WireAnswer> {
  const name = String(request.params['call']);
  const call = CALLS.get(name);
  if (call === undefined) throw new ClusterError('call_unknown', { call: name.slice(0, 60) });
  const peer = peerOf(request);
  if (!hasPrivilege(peer, 'clustering')) throw new ClusterError('privilege_missing', { privilege: 'clustering' });
  const wire = new ApiRequest(request, cluster);
  await (call.streams === true ? wire.readAhead() : wire.read());
  const id = wire.uniqueId;
  try {
    if (call.writes !== true || id === undefined) return await call.answer(wire);
    // Never by the identifier alone: one of the original's goes through several calls.
    return await recent.once(JSON.stringify([accountOf(peer), name, id]), () => call.answer(wire));
  } finally {
    await wire.end();
  }
}

async function stream(parts: AsyncIterable<Buffer>, response: Response): Promise<void> {
  try {
    await pipeline(Readable.from(parts), response);
  } catch (error) {
    // A peer that goes away in the middle is nothing to answer.
    if (codeOf(error) !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}
