import { Router } from 'express';
import { ACTIONS } from '../../presentation/words.js';
import { showPage, type PageContext } from './page.js';
import { visitOf } from './visit.js';
import { didOrIsRoot } from '../../access/principal.js';

const ROWS_A_PAGE = 100;
const MOST = 1_000;

/** Activity: who changed what. Root sees all, a reseller what they did. */
export function activityPages(context: PageContext): Router {
  const { audit, cluster } = context;
  const router = Router();
  router.get('/activity', async (request, response) => {
    const { principal } = visitOf(request);
    const search = typeof request.query['search'] === 'string' ? request.query['search'].slice(0, 100).trim() : '';
    const hosts = new Map(cluster.members.list(principal).map(({ id, hostname }) => [id, hostname]));
    // Rows of members are named by their ids.
    const named = (target: string): string => target.replace(/^[0-9a-f-]{36}/, (id) => hosts.get(id) ?? id);
    const found = await audit?.latest(MOST, (noted) => {
      const { user, target, action } = noted;
      if (!didOrIsRoot(principal, noted)) return false;
      return [user, named(target), ACTIONS[action] ?? action].some((word) =>
        word.toLowerCase().includes(search.toLowerCase()),
      );
    });
    const entries = (found ?? []).slice(0, ROWS_A_PAGE).map((entry) => ({
      ...entry,
      action: ACTIONS[entry.action] ?? entry.action,
      target: named(entry.target),
    }));
    showPage(context, request, response, 'activity', { title: 'Activity', entries, search, found: found?.length ?? 0 });
  });
  return router;
}
