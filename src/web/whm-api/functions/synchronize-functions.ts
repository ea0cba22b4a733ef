import { z } from 'zod';
import type { SynchronizeJob, SynchronizeOptions, SynchronizeResult } from '../../../cluster/model/results.js';
import { ClusterError } from '../../../errors.js';
import type { ZoneName } from '../../../zones/zone-name.js';
import { synchronizeTable } from '../../../presentation/synchronize-table.js';
import type { ApiRequest } from '../../requests/api-request.js';
import { outcomeAnswer, outcomeOf } from '../answers/change-answer.js';
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

const synchronized = z.object({
  newer: z.array(z.object({ zone: z.string(), member: z.string(), serial: z.number(), here: z.number().optional() })),
  taken: z.array(outcomeAnswer),
  unreachable: z.array(z.object({ member: z.string(), zone: z.string().optional(), reason: z.string() })),
  resent: z.number(),
});
const startedJob = z.object({
  job: z.string(),
  state: z.enum(['running', 'done', 'cancelled', 'failed']),
  progress: z.object({ phase: z.enum(['asking', 'taking', 'sending']), done: z.number(), total: z.number() }),
  started: z.string(),
  error: z.string().optional(),
  result: synchronized.optional(),
});
const job = startedJob.extend({
  /** When it is over: what became of each zone at each server. */
  row: z
    .array(
      z.object({
        zone: z.string(),
        server: z.string(),
        outcome: z.string(),
        detail: z.string(),
        tone: z.enum(['good', 'waiting', 'bad', 'off']),
      }),
    )
    .optional(),
  /** How many rows have each outcome. */
  outcomes: z.record(z.string(), z.number()).optional(),
});

/**
 * Bringing this server and its members to the newest copy of each zone: while the caller waits, or beside everything
 * else.
 */
export const SYNCHRONIZE_FUNCTIONS = {
  synchronize: apiFunction({
    summary: 'Fetch the newest copies from members, and send all zones to the members that get changes',
    privilege,
    parameters: wanted,
    answer: synchronized,
    run: async (given, { cluster, peer }) => shownResult(await cluster.synchronize.run(optionsOf(given), peer)),
  }),
  startsynchronize: apiFunction({
    summary: 'Start a synchronization; the answer names the job and does not wait for its end',
    privilege,
    parameters: wanted,
    answer: startedJob,
    run: async (given, { cluster, peer }) => shown(await cluster.synchronize.start(optionsOf(given), peer)),
  }),
  synchronizejob: apiFunction({
    summary: 'The progress of a synchronization; when it is over, its result by zone and server, problems first',
    privilege,
    parameters: { job: text, rows: whole.optional() },
    answer: job,
    run: async ({ job: id, rows = USUAL_ROWS }, request) => {
      const { cluster, peer } = request;
      const job = jobOf(id, request);
      if (job.state === 'running') return shown(job);
      const { rows: row, outcomes } = await synchronizeTable(job, cluster, peer, rows);
      return { ...shown(job), row, outcomes };
    },
  }),
  cancelsynchronize: apiFunction({
    summary: 'Cancel a synchronization; finished zones are kept',
    privilege,
    parameters: { job: text },
    answer: startedJob,
    run: ({ job: id }, request) => {
      const job = jobOf(id, request);
      job.cancel();
      return shown(job);
    },
  }),
} satisfies Readonly<Record<string, ApiFunction>>;

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
  const job = cluster.synchronize.job(id, peer);
  if (job === undefined) throw new ClusterError('job_unknown');
  return job;
}

function shown({ id, state, progress, startedAt, result, error }: SynchronizeJob): z.input<typeof startedJob> {
  return {
    job: id,
    state,
    progress,
    started: startedAt,
    error,
    result: result === undefined ? undefined : shownResult(result),
  };
}

function shownResult(result: SynchronizeResult): z.input<typeof synchronized> {
  return { ...result, taken: result.taken.map(outcomeOf) };
}
