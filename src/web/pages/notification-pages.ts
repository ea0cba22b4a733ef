import { Router } from 'express';
import { z } from 'zod';
import { SECRET_SETTINGS } from '../../notifications/notifications.js';
import { readForm, seen } from './forms.js';
import { done, failed } from './outcomes.js';
import { redirectWith, showPage, type PageContext } from './page.js';
import { visitOf } from './visit.js';
import { authorizeRoot } from '../../cluster/model/audit.js';

const line = z.string().trim().max(1_000);
const form = z.object({
  mailTo: line,
  mailFrom: line,
  smtp: line,
  webhook: line,
  webhookSecret: line,
  dailySummary: z.literal('1').optional(),
  forget: z.literal('1').optional(),
  seen,
});

/** Who is told what goes wrong, by mail and webhook. Root's alone. */
export function notificationPages(context: PageContext): Router {
  const router = Router();
  const { notifications } = context;
  if (notifications === undefined) return router;

  router.get('/notifications', (request, response) => {
    authorizeRoot(visitOf(request).principal);
    const { settings } = notifications;
    const isSet = Object.fromEntries(SECRET_SETTINGS.map((name) => [name, settings[name] !== '']));
    showPage(context, request, response, 'notifications', {
      title: 'Notifications',
      settings,
      isSet,
      seen: notifications.revision,
    });
  });

  router.post('/notifications', async (request, response) => {
    authorizeRoot(visitOf(request).principal);
    const { dailySummary, forget, seen: sent, ...given } = readForm(form, request);
    // A secret that was left empty stays, unless it is to be forgotten.
    const kept = SECRET_SETTINGS.filter((name) => given[name] === '' && forget === undefined);
    const change = Object.entries(given).filter(([name]) => !(kept as readonly string[]).includes(name));
    await notifications.configure({ ...Object.fromEntries(change), dailySummary: dailySummary === '1' }, sent);
    redirectWith(
      context,
      request,
      response,
      ['notifications'],
      done('Saved. Send a test message to check that it arrives.'),
    );
  });

  router.post('/notifications/test', async (request, response) => {
    authorizeRoot(visitOf(request).principal);
    const results = await notifications.test();
    const said = results.map(({ channel, failed: why }) =>
      why === undefined ? `The test message was sent by ${channel}.` : `Nothing was sent by ${channel}: ${why}`,
    );
    const isWrong = results.length === 0 || results.some(({ failed: why }) => why !== undefined);
    const sentences = results.length === 0 ? ['Neither mail nor a webhook is set, so nothing was sent.'] : said;
    const outcome = isWrong ? failed(...sentences) : done(...sentences);
    redirectWith(context, request, response, ['notifications'], outcome);
  });
  return router;
}
