import { Router } from 'express';
import { z } from 'zod';
import { zoneName } from '../../../zones/zone-name.js';
import { readForm } from '../forms.js';
import { pastVersion } from '../../../presentation/past-version.js';
import { lineDifference } from '../../../presentation/line-difference.js';
import { changeOutcome } from '../outcomes.js';
import { redirectWith, showPage, type PageContext } from '../page.js';
import { visitOf } from '../visit.js';

const versionForm = z.object({ time: z.string().max(40) });

/** What changed in a zone, by whom and when, and undoing it. */
export function zoneHistory(context: PageContext): Router {
  const { cluster } = context;
  const router = Router();

  router.get('/zone/:name/history', async (request, response) => {
    const name = zoneName(request.params.name);
    const versions = await cluster.zoneHistory(name, visitOf(request).principal);
    showPage(context, request, response, 'zone-history', { title: `History of ${name}`, zone: name, versions });
  });

  router.get('/zone/:name/version', async (request, response) => {
    const { principal } = visitOf(request);
    const name = zoneName(request.params.name);
    const version = await pastVersion(cluster, name, request.query['time'], principal);
    const present = await cluster.zoneText(name, principal);
    showPage(context, request, response, 'zone-version', {
      title: `${name}, serial ${version.serial}`,
      ...{ zone: name, version },
      difference: lineDifference(present.toString('utf8'), version.text.toString('utf8')),
    });
  });

  router.post('/zone/:name/undo', async (request, response) => {
    const { principal } = visitOf(request);
    const name = zoneName(request.params.name);
    const { text } = await pastVersion(cluster, name, readForm(versionForm, request).time, principal);
    const result = await cluster.saveZone(name, text, principal);
    redirectWith(context, request, response, ['zone', name, 'history'], changeOutcome(result));
  });
  return router;
}
