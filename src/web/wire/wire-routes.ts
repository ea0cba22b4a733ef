import { Router, type Request, type Response } from 'express';
import { peerOf } from '../../access/authenticate.js';
import { hasPrivilege } from '../../access/principal.js';
import type { Cluster } from '../../cluster/cluster.js';
import { ClusterError, formatIssue } from '../../errors.js';
import { SERVER_CALLS } from './server-calls.js';
import type { WireCall } from './wire-call.js';
import { WireRequest } from './wire-request.js';
import { ZONE_CALLS } from './zone-calls.js';

const CALLS: ReadonlyMap<string, WireCall> = new Map(Object.entries({ ...ZONE_CALLS, ...SERVER_CALLS }));
const LONGEST_REASON = 200;

/** `/scripts2/CALL`, GET and POST alike, as the original's peers send them. Only behind authenticateToken. */
export function wireRoutes(cluster: Cluster): Router {
  const router = Router();
  router.all('/:call', async (request: Request, response: Response) => {
    try {
      await answer(request, response, cluster);
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      refuse(response, error);
    }
  });
  return router;
}

async function answer(request: Request, response: Response, cluster: Cluster): Promise<void> {
  const name = String(request.params['call']);
  const call = CALLS.get(name);
  if (call === undefined) throw new ClusterError('call_unknown', { call: name.slice(0, 60) });
  if (request.method !== 'GET' && request.method !== 'POST') throw new ClusterError('call_unknown', { call: name });
  if (!hasPrivilege(peerOf(request), 'clustering'))
    throw new ClusterError('privilege_missing', { privilege: 'clustering' });
  const wire = new WireRequest(request, cluster);
  if (call.streams !== true) await wire.read();
  const { body, status } = await call(wire);
  response
    .status(status ?? 200)
    .type('text/plain')
    .send(body);
}

/** The status line is what a peer shows its operator ("Server Error from HOST: STATUS REASON"); the body says all. */
function refuse(response: Response, error: ClusterError): void {
  const lines = error.issues.length > 0 ? error.issues.map(formatIssue) : [error.message];
  response.status(error.status);
  response.statusMessage = error.message.replaceAll(/[^\x20-\x7e]+/g, ' ').slice(0, LONGEST_REASON);
  response.type('text/plain').send(`${lines.join('\n')}\n`);
}
