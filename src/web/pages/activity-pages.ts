import { Router } from 'express';
import { showPage, type PageContext } from './page.js';
import { visitOf } from './visit.js';

const ROWS_A_PAGE = 100;
const MOST = 1_000;

/** What was asked for, in words. An action that is not here is shown as it is. */
const ACTIONS: Readonly<Record<string, string>> = {
  ...{ saveZone: 'Zone saved', addZone: 'Zone created', createZone: 'Zone created', removeZone: 'Zone deleted' },
  ...{ saveZones: 'Zones saved', removeZones: 'Zones deleted', rescanZones: 'Zone files read again' },
  restoreZone: 'Zone brought back',
  ...{ synchronize: 'Synchronized', startSynchronize: 'Synchronized', setClustering: 'DNS clustering' },
  ...{
    configure: 'Options',
    takeOverZone: 'Zone taken over',
    forgetConflict: 'Conflict put away',
    allowRemovals: 'Removals allowed',
    restoreFile: 'Zone file restored',
    restoreFiles: 'Zone files restored',
    checkDrift: 'Drift check',
    settleDrift: 'Drift settled',
    addMember: 'Server added',
  },
  ...{
    trustMember: 'Trusted a server',
    editMember: 'Server edited',
    setMemberRole: 'DNS role',
    enableMember: 'Server enabled',
  },
  ...{ disableMember: 'Server disabled', removeMember: 'Server deleted', createToken: 'Token created' },
  ...{ updateToken: 'Token edited', revokeToken: 'Token revoked', createAccessKey: 'Remote access key created' },
  setAccessKeys: 'Remote access keys',
};

/** Activity: who changed what. Root sees all, a reseller what they did. */
export function activityPages(context: PageContext): Router {
  const { audit, cluster } = context;
  const router = Router();
  router.get('/activity', async (request, response) => {
    const { principal } = visitOf(request);
    const search = typeof request.query['search'] === 'string' ? request.query['search'].slice(0, 100).trim() : '';
    const hosts = new Map(cluster.members(principal).map(({ id, hostname }) => [id, hostname]));
    // Rows of members are named by their ids.
    const named = (target: string): string => target.replace(/^[0-9a-f-]{36}/, (id) => hosts.get(id) ?? id);
    const found = await audit?.latest(MOST, ({ user, target, action }) => {
      if (principal.kind !== 'root' && user !== principal.user) return false;
      return [user, named(target), ACTIONS[action] ?? action].some((word) =>
        word.toLowerCase().includes(search.toLowerCase()),
      );
    });
    const entries = (found ?? []).slice(0, ROWS_A_PAGE).map((entry) => ({
      ...entry,
      ...{ action: ACTIONS[entry.action] ?? entry.action, target: named(entry.target) },
    }));
    showPage(context, request, response, 'activity', { title: 'Activity', entries, search, found: found?.length ?? 0 });
  });
  return router;
}
