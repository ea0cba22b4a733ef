import { Router, type ErrorRequestHandler, type Request, type Response } from 'express';
import { z } from 'zod';
import { hasPrivilege } from '../../access/principal.js';
import type { Cluster } from '../../cluster/cluster.js';
import { ClusterError, isClusterError, type ErrorCode } from '../../errors.js';
import { send, sendJson } from '../requests/send.js';
import { ApiRequest } from '../requests/api-request.js';
import { Reasoned, type ApiFunction, type ApiStores } from './api-function.js';
import { batchCommands, runBatch } from './batch.js';
import { FUNCTIONS } from './functions.js';
import { describeApi } from './openapi.js';

/** Functions that answer flat, without an envelope, where the caller names no API version. */
const FLAT = new Set(['version', 'gethostname']);

/** Errors of the request itself and of this program; all others are an answer of the function. */
const NOT_ANSWERS = new Set<ErrorCode>([
  'internal',
  'method_unknown',
  'body_too_large',
  'token_misplaced',
  'too_many_parameters',
  'encoding_unknown',
  'request_unreadable',
]);

/** `/json-api/FUNCTION`, GET or POST. Only behind authenticateToken; errors go to `answerFailure`. */
export function whmApiRoutes(cluster: Cluster, stores: ApiStores): Router {
  const router = Router();
  router.all('/openapi.json', (request: Request, response: Response) => {
    response.type('json');
    send(request, response, JSON.stringify(describeApi(FUNCTIONS)));
  });
  router.all('/:function', async (request: Request, response: Response) => {
    const name = String(request.params['function']);
    const wire = new ApiRequest(request, cluster);
    const answer = await (name === 'batch' ? performBatch(stores, wire) : perform(stores, name, wire));
    await sendJson(request, response, answer);
  });
  return router;
}

/**
 * A logical failure is HTTP 200 with `result: 0`, as callers of this API expect; all other errors are passed on. To be
 * used at `/json-api`.
 */
export const answerFailure: ErrorRequestHandler = (error: unknown, request, response, next) => {
  if (!isClusterError(error) || NOT_ANSWERS.has(error.code) || response.headersSent) {
    next(error);
    return;
  }
  const { message: reason, code, issues } = error;
  const command = decodeURIComponent(request.path.slice(1));
  response.status(200).type('json');
  const metadata = { version: 1, command, reason, result: 0 };
  send(request, response, JSON.stringify({ metadata, data: { code, issues } }));
};

async function performBatch(stores: ApiStores, request: ApiRequest): Promise<object> {
  await request.read();
  const data = await runBatch(batchCommands(request.values('command')), ({ name, query }) =>
    perform(stores, name, request.inner(query), true),
  );
  return { metadata: { version: 1, command: 'batch', reason: 'OK', result: 1 }, data };
}

/** `enveloped`: whatever API version is named. */
async function perform(stores: ApiStores, name: string, request: ApiRequest, enveloped = false): Promise<object> {
  const called = FUNCTIONS.get(name);
  if (called === undefined) throw new ClusterError('function_unknown', { name: name.slice(0, 60) });
  const { privilege } = called;
  if (privilege !== null && !hasPrivilege(request.peer, privilege)) {
    throw new ClusterError('privilege_missing', { privilege });
  }
  await request.read();
  const answer = await run(called, request, stores);
  const { reason, data } = answer instanceof Reasoned ? (answer as Reasoned) : new Reasoned('OK', answer);
  if (!enveloped && FLAT.has(name) && request.text('api.version') !== '1') return data as object;
  return { metadata: { version: 1, command: name, reason, result: 1 }, data };
}

function run({ parameters, run }: ApiFunction, request: ApiRequest, stores: ApiStores): unknown {
  // Only what the function names is looked up: a parameter can name nothing else of an object.
  const given = Object.fromEntries(
    Object.entries(parameters.shape).map(([key, wanted]) => [
      key,
      wanted instanceof z.ZodArray ? request.values(key) : request.octets(key),
    ]),
  );
  const read = parameters.safeParse(given);
  if (!read.success) {
    const issue = read.error.issues[0];
    const why = issue?.message ?? 'is not valid';
    throw new ClusterError('parameter_invalid', { parameter: issue?.path.join('.') ?? '', why });
  }
  return run(read.data as never, request, stores);
}
