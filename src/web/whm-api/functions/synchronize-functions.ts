import { z } from 'zod';
import type { BatchOutcome, SynchronizeJob, SynchronizeOptions } from '../../../cluster/model/results.js';
import { ClusterError } from '../../../errors.js';
import type { ZoneName } from '../../../zones/zone-name.js';
import { synchronizeTable } from '../../../presentation/synchronize-table.js';
import type { ApiRequest } from '../../requests/api-request.js';
import { apiFunction, flag, many, text, whole, type ApiFunction } from '../api-function.js';
import { zone } from '../zone-parameters.js';

const privilege = 'clustering';
const USUAL_ROWS = 500;

const wanted = {
  zone: many(zone),
  direction: text.pipe(z.enum(['local', 'all'], { error: 'must be local or all' })).optional(),
  unconfigured: flag.optional(),
  plan: flag.optional(),
};

/** Bringing this server and its members to the newest copy of each zone: while the caller waits, or beside everything else. */
export const SYNCHRONIZE_FUNCTIONS: Readonly<Record<string, ApiFunction>> = {
  synchronize: apiFunction({
    summary: 'Fetch the newest copies from the members that are read from, and send all to those that are written to',
    privilege,
    parameters: wanted,
    run: (given, { cluster, peer }) => cluster.synchronize(optionsOf(given), peer),
  }),
  startsynchronize: apiFunction({
    summary: 'The same, without waiting for its end: the answer names the job',
    privilege,
    parameters: wanted,
    run: async (given, { cluster, peer }) => shown(await cluster.startSynchronize(optionsOf(given), peer)),
  }),
  synchronizejob: apiFunction({
    summary:
      'How far a synchronization is; when it is over, what came of it by zone and server, what needs a look first',
    privilege,
    parameters: { job: text, rows: whole.optional() },
    run: async ({ job: id, rows = USUAL_ROWS }, request) => {
      const { cluster, peer } = request;
      const job = jobOf(id, request);
      if (job.state === 'running') return shown(job);
      const { rows: row, outcomes } = await synchronizeTable(job, cluster, peer, rows);
      return { ...shown(job), row, outcomes };
    },
  }),
  cancelsynchronize: apiFunction({
    summary: 'End a synchronization; what is done stays done',
    privilege,
    parameters: { job: text },
    run: ({ job: id }, request) => {
      const job = jobOf(id, request);
      job.cancel();
      return shown(job);
    },
  }),
};

function optionsOf({
  zone: zones,
  direction = 'all',
  unconfigured = false,
  plan = false,
}: {
  zone: ZoneName[];
  direction?: 'local' | 'all' | undefined;
  unconfigured?: boolean | undefined;
  plan?: boolean | undefined;
}): SynchronizeOptions {
  return { ...(zones.length === 0 ? {} : { zones }), direction, unconfigured, plan };
}

/** Throws job_unknown where the caller has none of this id. */
function jobOf(id: string, { cluster, peer }: ApiRequest): SynchronizeJob {
  const job = cluster.synchronizeJob(id, peer);
  if (job === undefined) throw new ClusterError('job_unknown');
  return job;
}

function shown({ id, state, progress, startedAt, result, error }: SynchronizeJob): object {
  return {
    ...{ job: id, state, progress, started: startedAt },
    ...(error === undefined ? {} : { error }),
    ...(result === undefined ? {} : { result: { ...result, taken: result.taken.map(outcome) } }),
  };
}

/** A refusal by its sentence. */
function outcome(one: BatchOutcome): object {
  return 'error' in one ? { zone: one.zone, refused: one.error.message } : one.result;
}
