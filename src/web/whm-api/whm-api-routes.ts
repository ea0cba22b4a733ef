import { Router, type Request, type Response } from 'express';
import { hasPrivilege } from '../../access/principal.js';
import type { Cluster } from '../../cluster/cluster.js';
import { ClusterError } from '../../errors.js';
import { WireRequest } from '../wire/wire-request.js';
import { CLUSTER_FUNCTIONS } from './cluster-functions.js';
import type { ApiFunction } from './api-function.js';
import { SERVER_FUNCTIONS } from './server-functions.js';
import { ZONE_FUNCTIONS } from './zone-functions.js';

const FUNCTIONS: ReadonlyMap<string, ApiFunction> = new Map(
  Object.entries({ ...SERVER_FUNCTIONS, ...ZONE_FUNCTIONS, ...CLUSTER_FUNCTIONS }),
);
/** Functions that answer flat, without an envelope, where the caller names no API version. */
const FLAT = new Set(['version', 'gethostname']);

/** `/json-api/FUNCTION`, GET or POST. A logical failure is HTTP 200 with `result: 0`, as callers of this API expect. Only behind authenticateToken. */
export function whmApiRoutes(cluster: Cluster): Router {
  const router = Router();
  router.all('/:function', async (request: Request, response: Response) => {
    const name = String(request.params['function']);
    const wire = new WireRequest(request, cluster);
    try {
      await wire.read();
      const data = await perform(name, wire);
      const flat = FLAT.has(name) && wire.text('api.version') !== '1';
      response.json(flat ? data : { metadata: { version: 1, command: name, reason: 'OK', result: 1 }, data });
    } catch (error) {
      if (!(error instanceof ClusterError) || error.status >= 500) throw error;
      if (error.code === 'body_too_large') throw error;
      const { message: reason, code, issues } = error;
      response.json({ metadata: { version: 1, command: name, reason, result: 0 }, data: { code, issues } });
    }
  });
  return router;
}

function perform(name: string, request: WireRequest): unknown {
  const called = FUNCTIONS.get(name);
  if (called === undefined) throw new ClusterError('function_unknown', { function: name.slice(0, 60) });
  const { privilege, parameters, run } = called;
  if (privilege !== undefined && !hasPrivilege(request.peer, privilege)) {
    throw new ClusterError('privilege_missing', { privilege });
  }
  const given = Object.fromEntries(Object.keys(parameters.shape).map((key) => [key, request.octets(key)]));
  const read = parameters.safeParse(given);
  if (!read.success) {
    const issue = read.error.issues[0];
    const why = issue?.message ?? 'is not valid';
    throw new ClusterError('parameter_invalid', { parameter: issue?.path.join('.') ?? '', why });
  }
  return run(read.data as never, request);
}
