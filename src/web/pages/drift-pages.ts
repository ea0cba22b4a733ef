import { Router } from 'express';
import { z } from 'zod';
import { DRIFT_KINDS } from '../../cluster/model/drift-kinds.js';
import { ROLES } from '../../cluster/model/member.js';
import { zoneName } from '../../zones/zone-name.js';
import { revisionOf } from '../../state/revision.js';
import { readForm, seen, sentTexts } from './forms.js';
import { changeOutcome, done, failed } from './outcomes.js';
import { redirectWith, showPage, type PageContext } from './page.js';
import { visitOf } from './visit.js';

const ROWS = 200;
/** What the three buttons do, in the words that tell what came of it. */
const SETTLEMENTS = { send: 'sent there again', take: 'taken from there', remove: 'removed there' } as const;
const resolveForm = z.object({ how: z.enum(['send', 'take', 'remove']) });
const policyForm = z.object({ policy: z.enum(['newest', 'first']), seen });

/** Differences: members that hold other zones, files changed by hand, servers that write the same zone. */
export function driftPages(context: PageContext): Router {
  const { cluster } = context;
  const router = Router();

  router.get('/drift', async (request, response) => {
    const { principal } = visitOf(request);
    const { damaged, settings } = await cluster.status(principal);
    const reports = cluster.drift.reports(principal).map((report) => ({
      ...report,
      differences: report.differences.slice(0, ROWS),
      listed: Math.min(report.differences.length, ROWS),
    }));
    const checked = new Set(reports.map(({ member }) => member));
    const unseen = cluster.members.list(principal).filter(({ id, role }) => ROLES[role].writes && !checked.has(id));
    showPage(context, request, response, 'drift', {
      title: 'Drift and conflicts',
      reports,
      unseen,
      kinds: DRIFT_KINDS,
      damaged,
      settings,
      conflicts: cluster.zones.conflicts(principal),
      here: cluster.hostname,
      seen: revisionOf(settings, ['conflictPolicy']),
    });
  });

  router.post('/drift/check', async (request, response) => {
    const reports = await cluster.drift.check(undefined, visitOf(request).principal);
    const found = reports.reduce((sum, report) => sum + report.found, 0);
    const broken = reports.filter(({ incomplete }) => incomplete !== undefined);
    const sentences = [
      found === 0 ? 'No difference was found.' : `${found} differences were found.`,
      ...broken.map(({ hostname, incomplete }) => `${hostname} could not be checked completely: ${incomplete ?? ''}`),
    ];
    const outcome = broken.length > 0 ? failed(...sentences) : done(...sentences);
    redirectWith(context, request, response, ['drift'], outcome);
  });

  router.post('/drift/:member/settle', async (request, response) => {
    const { how } = readForm(resolveForm, request);
    const zones = sentTexts(request, 'zone').map((name) => zoneName(name));
    if (zones.length === 0) {
      redirectWith(context, request, response, ['drift'], failed('Nothing is selected. Select zones first.'));
      return;
    }
    const outcomes = await cluster.drift.resolve(request.params.member, zones, how, visitOf(request).principal);
    const refused = outcomes.flatMap((one) => ('error' in one ? [one.error.message] : []));
    const resolved = outcomes.length - refused.length;
    const sentence = `${resolved} of ${outcomes.length} zones were ${SETTLEMENTS[how]}.`;
    const outcome = refused.length > 0 ? failed(sentence, ...refused.slice(0, 10)) : done(sentence);
    redirectWith(context, request, response, ['drift'], outcome);
  });

  router.post('/drift/policy', async (request, response) => {
    const { policy: conflictPolicy, seen: sent } = readForm(policyForm, request);
    await cluster.settings.change({ conflictPolicy }, visitOf(request).principal, sent);
    const sentence =
      conflictPolicy === 'newest'
        ? 'If two servers write a zone, the later serial wins.'
        : 'If two servers write a zone, the first of them keeps it.';
    redirectWith(context, request, response, ['drift'], done(sentence));
  });

  router.post('/drift/files', async (request, response) => {
    const outcomes = await cluster.files.restoreAll(visitOf(request).principal);
    const refused = outcomes.flatMap((one) => ('error' in one ? [one.error.message] : []));
    const warned = outcomes.flatMap((one) =>
      'error' in one || one.result.warnings.length === 0 ? [] : [`${one.zone}: ${one.result.warnings[0] ?? ''}`],
    );
    const sentence = `The files of ${outcomes.length - refused.length} of ${outcomes.length} zones were restored.`;
    const said = [sentence, ...warned.slice(0, 10), ...refused.slice(0, 10)];
    redirectWith(context, request, response, ['drift'], refused.length > 0 ? failed(...said) : done(...said));
  });

  router.post('/zone/:name/file', async (request, response) => {
    const name = zoneName(request.params.name);
    const result = await cluster.files.restore(name, visitOf(request).principal);
    redirectWith(context, request, response, ['zone', name], changeOutcome(result));
  });

  router.get('/zone/:name/take-over', (request, response) => {
    const { principal } = visitOf(request);
    const name = zoneName(request.params.name);
    const row = cluster.zones.get(name, principal);
    const conflict = cluster.zones.conflicts(principal).find(({ zone }) => zone === name);
    const from = conflict?.servers.find((server) => server !== cluster.hostname.toLowerCase()) ?? row?.home?.server;
    const title = `Take ${name} over`;
    showPage(context, request, response, 'zone-take-over', { title, name, from, here: cluster.hostname });
  });

  router.post('/zone/:name/take-over', async (request, response) => {
    const name = zoneName(request.params.name);
    const result = await cluster.zones.takeOver(name, visitOf(request).principal);
    redirectWith(context, request, response, ['zone', name], changeOutcome(result));
  });

  router.post('/zone/:name/forget-conflict', async (request, response) => {
    const name = zoneName(request.params.name);
    await cluster.zones.forgetConflict(name, visitOf(request).principal);
    const sentence = `The conflict of ${name} was dismissed. It is shown again if the servers meet again.`;
    redirectWith(context, request, response, ['drift'], done(sentence));
  });
  return router;
}
