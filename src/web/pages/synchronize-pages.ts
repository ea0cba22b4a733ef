import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Router, type Response } from 'express';
import { z } from 'zod';
import type { Principal } from '../../access/principal.js';
import type { SynchronizeJob } from '../../cluster/model/results.js';
import { ClusterError } from '../../errors.js';
import { zoneName } from '../../zones/zone-name.js';
import { readForm } from './forms.js';
import { showPage, urlsOf, type PageContext } from './page.js';
import { synchronizeTable, type SynchronizeRow } from '../../presentation/synchronize-table.js';
import { PHASES } from '../../presentation/words.js';
import { visitOf } from './visit.js';
import type { SynchronizeOptions } from '../../cluster/model/results.js';

const form = z.object({
  what: z.enum(['one', 'all']),
  zone: z.string().trim().max(255).default(''),
  direction: z.enum(['local', 'all']),
  unconfigured: z.literal('1').optional(),
  plan: z.literal('1').optional(),
});

const KEEP_ALIVE = 15_000;
const ROWS_SHOWN = 500;

/** Synchronize DNS Records: the question, the plan, the run with its progress, the result. */
export function synchronizePages(context: PageContext): Router {
  const { cluster } = context;
  const router = Router();

  const jobOf = (id: string, principal: Principal): SynchronizeJob => {
    const job = cluster.synchronize.job(id, principal);
    if (job === undefined) throw new ClusterError('job_unknown');
    return job;
  };

  router.get('/synchronize', (request, response) => {
    const { zone } = request.query;
    showPage(context, request, response, 'synchronize', {
      title: 'Synchronize DNS Records',
      zone: typeof zone === 'string' ? zone.slice(0, 255) : '',
    });
  });

  router.post('/synchronize', async (request, response) => {
    const { what, zone, direction, unconfigured, plan } = readForm(form, request);
    const options: SynchronizeOptions = {
      ...(what === 'one' ? { zones: [zoneName(zone)] } : {}),
      direction,
      unconfigured: unconfigured === '1',
      plan: plan === '1',
    };
    const job = await cluster.synchronize.start(options, visitOf(request).principal);
    response.redirect(303, urlsOf(request)('synchronize', job.id));
  });

  router.get('/synchronize/:id', async (request, response) => {
    const { principal } = visitOf(request);
    const job = jobOf(request.params.id, principal);
    const isShown = job.state !== 'running' && !job.options.plan;
    const table = isShown ? await synchronizeTable(job, cluster, principal, ROWS_SHOWN) : { rows: [], total: 0 };
    showPage(context, request, response, 'synchronize-job', {
      title: job.options.plan ? 'Plan: Synchronize DNS Records' : 'Synchronize DNS Records',
      job,
      status: statusOf(job),
      rows: table.rows,
      more: table.total - table.rows.length,
    });
  });

  router.post('/synchronize/:id/cancel', (request, response) => {
    const job = jobOf(request.params.id, visitOf(request).principal);
    job.cancel();
    response.redirect(303, urlsOf(request)('synchronize', job.id));
  });

  /** Server-sent events (WHATWG HTML §9.2): `progress` as it goes on, `over` at its end. */
  router.get('/synchronize/:id/events', (request, response) => {
    const job = jobOf(request.params.id, visitOf(request).principal);
    response.status(200).set({ 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' });
    response.flushHeaders();
    const tell = (): void => send(response, job.state === 'running' ? 'progress' : 'over', statusOf(job));
    const unwatch = job.watch(tell);
    const alive = setInterval(() => response.write(':\n\n'), KEEP_ALIVE);
    const end = (): void => {
      clearInterval(alive);
      unwatch();
      response.end();
    };
    response.on('close', end);
    tell();
    void job.over.then(() => {
      tell();
      end();
    });
  });

  router.get('/synchronize/:id/result.csv', async (request, response) => {
    const { principal } = visitOf(request);
    const job = jobOf(request.params.id, principal);
    response.type('text/csv').attachment(`synchronize-${job.startedAt.slice(0, 10)}.csv`);
    const { rows } = await synchronizeTable(job, cluster, principal, Infinity);
    // Whoever goes away meanwhile needs no answer.
    await pipeline(Readable.from(csvOf(rows)), response).catch(() => undefined);
  });
  return router;
}

interface Status {
  state: SynchronizeJob['state'];
  words: string;
  done: number;
  total: number;
}

function statusOf({ state, progress: { phase, done, total } }: SynchronizeJob): Status {
  const count = total > 0 ? `: ${done.toLocaleString('en')} of ${total.toLocaleString('en')}` : '';
  return { state, words: `${PHASES[phase]}${count}`, done, total };
}

function send(response: Response, event: string, data: Status): void {
  if (!response.writableEnded) response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}

/** The table for a spreadsheet, piece by piece. A socket that takes all lets nobody else get a turn between. */
async function* csvOf(rows: readonly SynchronizeRow[]): AsyncGenerator<string> {
  yield 'zone,server,outcome,detail\r\n';
  for (let at = 0; at < rows.length; at += ROWS_SHOWN) {
    const lines = rows.slice(at, at + ROWS_SHOWN).map(({ zone, server, outcome, detail }) => {
      return `${[zone, server, outcome, detail].map(csvField).join(',')}\r\n`;
    });
    yield lines.join('');
    await nextTurn();
  }
}

/** A field that a spreadsheet takes for text: never for a formula. */
function csvField(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
