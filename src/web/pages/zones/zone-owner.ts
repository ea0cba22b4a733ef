import { Router } from 'express';
import { z } from 'zod';
import { ClusterError } from '../../../errors.js';
import { zoneName } from '../../../zones/zone-name.js';
import { readForm, sentTexts } from '../forms.js';
import { done, failed } from '../outcomes.js';
import { redirectWith, type PageContext } from '../page.js';
import { visitOf } from '../visit.js';

const ownerForm = z.object({ owner: z.string().max(64) });

/** Giving zones to another user, from the list of zones or from the page of one. Root's alone. */
export function zoneOwner(context: PageContext): Router {
  const { cluster } = context;
  const router = Router();

  router.post('/zones/owner', async (request, response) => {
    const { owner } = readForm(ownerForm, request);
    const names = sentTexts(request, 'zone').map((name) => zoneName(name));
    if (names.length === 0)
      throw new ClusterError('parameter_invalid', { parameter: 'zone', why: 'is missing: choose the zones first' });
    const outcomes = await cluster.zones.setOwner(names, owner, visitOf(request).principal);
    const refused = outcomes.flatMap((outcome) => ('error' in outcome ? outcome.error.message : []));
    const given = names.length - refused.length;
    const sentence = `${given === 1 ? '1 zone belongs' : `${given} zones belong`} to ${owner} now.`;
    const back = names.length === 1 && refused.length === 0 ? ['zone', ...names] : ['zones'];
    const outcome = refused.length === 0 ? done(sentence) : failed(sentence, ...refused);
    redirectWith(context, request, response, back, outcome);
  });
  return router;
}
