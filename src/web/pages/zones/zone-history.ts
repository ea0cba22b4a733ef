import { Router } from 'express';
import { z } from 'zod';
import { ClusterError } from '../../../errors.js';
import { zoneName } from '../../../zones/zone-name.js';
import { readForm } from '../forms.js';
import { pastVersion } from '../../../presentation/past-version.js';
import { lineDifference } from '../../../presentation/line-difference.js';
import { changeOutcome } from '../outcomes.js';
import { redirectWith, showPage, type PageContext } from '../page.js';
import { visitOf } from '../visit.js';
import { replaceText, textVersion } from './zone-text.js';

const undoForm = z.object({ time: z.string().max(40), version: z.string() });

/** What changed in a zone, by whom and when, and undoing it. */
export function zoneHistory(context: PageContext): Router {
  const { cluster } = context;
  const router = Router();

  router.get('/zone/:name/history', async (request, response) => {
    const name = zoneName(request.params.name);
    const versions = await cluster.zones.history(name, visitOf(request).principal);
    showPage(context, request, response, 'zone-history', { title: `History of ${name}`, zone: name, versions });
  });

  router.get('/zone/:name/version', async (request, response) => {
    const { principal } = visitOf(request);
    const name = zoneName(request.params.name);
    const version = await pastVersion(cluster, name, request.query['time'], principal);
    const present = await cluster.zones.text(name, principal);
    showPage(context, request, response, 'zone-version', {
      title: `${name}, serial ${version.serial}`,
      zone: name,
      version,
      present: textVersion(present),
      difference: lineDifference(present.toString('utf8'), version.text.toString('utf8')),
    });
  });

  router.post('/zone/:name/undo', async (request, response) => {
    const { principal } = visitOf(request);
    const name = zoneName(request.params.name);
    const { time, version } = readForm(undoForm, request);
    const { text } = await pastVersion(cluster, name, time, principal);
    const stored = await cluster.zones.text(name, principal);
    const changed = new ClusterError('changed_meanwhile', { what: `Zone ${name}` });
    const result = await replaceText(cluster, name, { version, stored, next: () => text, changed }, principal);
    redirectWith(context, request, response, ['zone', name, 'history'], changeOutcome(result));
  });
  return router;
}
