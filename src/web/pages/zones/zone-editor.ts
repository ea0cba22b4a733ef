import { domainToUnicode } from 'node:url';
import { Router, type Request, type Response } from 'express';
import { z } from 'zod';
import { ClusterError, isClusterError } from '../../../errors.js';
import { lineDifference } from '../../../presentation/line-difference.js';
import { zoneName } from '../../../zones/zone-name.js';
import { readForm } from '../forms.js';
import { changeOutcome } from '../outcomes.js';
import { redirectWith, showPage, usersOf, type PageContext } from '../page.js';
import { visitOf } from '../visit.js';
import { editableText, findingsIn, replaceText, submittedText, textVersion } from './zone-text.js';

const textForm = z.object({ text: z.string(), version: z.string() });

/** A save that was refused: the user's text stays in the form, with the reason above it. */
interface Refusal {
  text: string;
  error: ClusterError;
}

/** One zone: its text to edit, and how far each member is with it. */
export function zoneEditor(context: PageContext): Router {
  const { cluster } = context;
  const router = Router();

  const showZone = async (request: Request, response: Response, given: string, refusal?: Refusal): Promise<void> => {
    const { principal } = visitOf(request);
    const name = zoneName(given);
    const stored = await cluster.zones.text(name, principal);
    const row = cluster.zones.get(name, principal);
    if (row === undefined) throw new ClusterError('zone_unknown', { zone: name });
    const editable = refusal ?? editableText(stored);
    response.status(refusal?.error.status ?? 200);
    showPage(context, request, response, 'zone', {
      title: name,
      row: { ...row, ...cluster.accounts.shown()(row.owner) },
      users: usersOf(context, principal),
      unicode: domainToUnicode(name),
      states: cluster.zones.states(name, principal),
      version: textVersion(stored),
      editable,
      error: refusal?.error,
      findings: findingsIn(refusal?.text ?? '', refusal?.error.issues ?? []),
      difference: isClusterError(refusal?.error, 'zone_changed')
        ? lineDifference(stored.toString('utf8'), submittedText(refusal.text, stored).toString('utf8'))
        : [],
    });
  };

  router.get('/zone/:name', (request, response) => showZone(request, response, request.params.name));

  router.post('/zone/:name/text', async (request, response) => {
    const { principal } = visitOf(request);
    const name = zoneName(request.params.name);
    const { text, version } = readForm(textForm, request);
    const stored = await cluster.zones.text(name, principal);
    const changed = new ClusterError('zone_changed', { zone: name });
    try {
      // The editor shows such a text but has no form for it.
      if ('reason' in editableText(stored)) throw changed;
      const next = (): Buffer => submittedText(text, stored);
      const result = await replaceText(cluster, name, { version, stored, next, changed }, principal);
      redirectWith(context, request, response, ['zone', name], changeOutcome(result));
    } catch (error) {
      if (!isClusterError(error)) throw error;
      await showZone(request, response, name, { text, error });
    }
  });
  return router;
}
