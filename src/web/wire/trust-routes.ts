import { Router, type Request, type Response } from 'express';
import { peerOf } from '../../access/authenticate.js';
import { hasPrivilege } from '../../access/principal.js';
import type { Cluster } from '../../cluster/cluster.js';
import { ClusterError, isClusterError } from '../../errors.js';
import { send } from '../requests/send.js';
import { ApiRequest } from '../requests/api-request.js';

const FIELDS = ['clustermaster', 'user', 'pass'] as const;

/**
 * `/cgi/trustclustermaster.cgi`: a server that has added us asks to be added, too. The answer is a text for its
 * operator; it holds the phrase that the original's client looks for only where the trust stands.
 */
export function trustRoutes(cluster: Cluster): Router {
  const router = Router();
  router.all('/trustclustermaster.cgi', async (request: Request, response: Response) => {
    const peer = peerOf(request);
    if (!hasPrivilege(peer, 'clustering')) throw new ClusterError('privilege_missing', { privilege: 'clustering' });
    const wire = new ApiRequest(request, cluster);
    await wire.read();
    response.type('text/plain');
    send(request, response, `${await answer(wire)}\n`);
  });
  return router;
}

async function answer(request: ApiRequest): Promise<string> {
  const [address = '', user = '', token = ''] = FIELDS.map((field) => request.text(field)?.trim() ?? '');
  const missing = FIELDS.find((_, i) => [address, user, token][i] === '');
  if (missing !== undefined) throw new ClusterError('parameter_invalid', { parameter: missing, why: 'is missing' });
  try {
    const { hostname } = await request.cluster.members.trust({ address, user, token }, request.peer);
    return `The trust relationship has been established: ${request.cluster.hostname} has ${hostname} (${address}) in its cluster now, with the role standalone.`;
  } catch (error) {
    if (!isClusterError(error)) throw error;
    return `No trust relationship was set up with ${address.slice(0, 80)}. ${error.message}`;
  }
}
