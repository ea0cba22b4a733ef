import { Router } from 'express';
import { z } from 'zod';
import { ROLES } from '../../cluster/member.js';
import { readForm, wholeNumber } from './forms.js';
import { done } from './outcomes.js';
import { redirectWith, showPage, type PageContext } from './page.js';
import { visitOf } from './visit.js';
import { MEMBER_STATES, nameserverLine } from './words.js';

const clusteringForm = z.object({ clustering: z.enum(['on', 'off']) });
const thresholdForm = z.object({ failureThreshold: wholeNumber(0, 1000) });

/** The page DNS Cluster: status, servers, and the cluster's own settings. */
export function clusterPages(context: PageContext): Router {
  const { cluster, version } = context;
  const router = Router();

  router.get('/', async (request, response) => {
    const status = await cluster.status(visitOf(request).principal);
    showPage(context, request, response, 'cluster', {
      title: 'DNS Cluster',
      status,
      version,
      roles: ROLES,
      states: MEMBER_STATES,
      typeLabel: (type: string) => cluster.memberTypes().find((known) => known.type === type)?.label ?? 'cPanel',
      nameserverLine: nameserverLine(status.nameserver),
    });
  });

  router.post('/clustering', async (request, response) => {
    const on = readForm(clusteringForm, request).clustering === 'on';
    await cluster.setClustering(on, visitOf(request).principal);
    const sentence = on
      ? 'DNS clustering is enabled: changes of zones are sent to the servers of the cluster.'
      : 'DNS clustering is disabled: nothing is sent to other servers until it is enabled again; no change is lost.';
    redirectWith(context, request, response, [], done(sentence));
  });

  router.post('/threshold', async (request, response) => {
    const { failureThreshold } = readForm(thresholdForm, request);
    await cluster.setFailureThreshold(failureThreshold, visitOf(request).principal);
    const sentence =
      failureThreshold === 0
        ? 'All servers are kept in the cluster, however often they fail.'
        : `A server is disabled after ${failureThreshold} failed commands in a row.`;
    redirectWith(context, request, response, [], done(sentence));
  });
  return router;
}
