import { Router } from 'express';
import { z } from 'zod';
import { ROLES } from '../../../cluster/model/member.js';
import { clusterPicture } from './cluster-picture.js';
import { revisionOf } from '../../../state/revision.js';
import { readForm, seen, wholeNumber } from '../forms.js';
import { typeLabel } from './member-pages.js';
import { done } from '../outcomes.js';
import { redirectWith, showPage, type PageContext } from '../page.js';
import { requirementsOf } from './requirements.js';
import { visitOf } from '../visit.js';
import { zoneName, type ZoneName } from '../../../zones/zone-name.js';
import { MEMBER_STATES, nameserverLine } from '../../../presentation/words.js';

const USUAL_THRESHOLD = 10;
/** What the form of the options holds. */
const OPTIONS = ['failureThreshold', 'notifyDisabled', 'autoEnable', 'resellerNetworks', 'allowedNames'] as const;
const clusteringForm = z.object({ clustering: z.enum(['on', 'off']), confirmed: z.literal('1').optional() });
const optionsForm = z.object({
  threshold: z.enum(['default', 'custom', 'never']),
  failureThreshold: wholeNumber(1, 1000, USUAL_THRESHOLD),
  notify: z.literal('1').optional(),
  auto: z.literal('1').optional(),
  networks: z.string().max(4_000).optional(),
  names: z.string().max(400_000).optional(),
  seen,
});

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
      usualThreshold: USUAL_THRESHOLD,
      seen: revisionOf(status.settings, OPTIONS),
      requirements: requirementsOf(status),
      picture: clusterPicture(status.hostname, status.members),
      allowedNames: linesOf(status.settings.allowedNames),
      typeLabel: typeLabel(context),
      hasUsers: context.host.accounts !== undefined,
      nameserverLine: nameserverLine(status.nameserver),
    });
  });

  router.post('/clustering', async (request, response) => {
    const { clustering, confirmed } = readForm(clusteringForm, request);
    const { principal } = visitOf(request);
    const on = clustering === 'on';
    if (!on && confirmed === undefined) {
      const members = cluster.members.list(principal).filter(({ role }) => ROLES[role].writes);
      showPage(context, request, response, 'clustering-off', { title: 'Disable DNS clustering?', members });
      return;
    }
    await cluster.settings.setClustering(on, principal);
    const sentence = on
      ? 'DNS clustering is enabled: changes of zones are sent to the servers of the cluster.'
      : 'DNS clustering is disabled: nothing is sent to other servers until it is enabled again; no change is lost.';
    redirectWith(context, request, response, [], done(sentence));
  });

  router.post('/options', async (request, response) => {
    const { threshold, failureThreshold, notify, auto, networks, names, seen: sent } = readForm(optionsForm, request);
    const { principal } = visitOf(request);
    const failures = { default: USUAL_THRESHOLD, custom: failureThreshold, never: 0 }[threshold];
    const settings = {
      failureThreshold: failures,
      notifyDisabled: notify === '1',
      autoEnable: auto === '1',
      ...(networks === undefined ? {} : { resellerNetworks: networks.split(/[\s,]+/).filter((text) => text !== '') }),
      ...(names === undefined ? {} : { allowedNames: allowedNamesIn(names) }),
    };
    await cluster.settings.change(settings, principal, sent);
    const sentence =
      failures === 0
        ? 'All servers are kept in the cluster, however often they fail.'
        : `A server is disabled after ${failures} failed commands in a row.`;
    const notice = notify === '1' ? 'Root is told when that happens.' : 'Nobody is told when that happens.';
    redirectWith(context, request, response, [], failures === 0 ? done(sentence) : done(sentence, notice));
  });
  return router;
}

/** A line each: the account, and the names that it may make. */
function allowedNamesIn(lines: string): { account: string; zone: ZoneName }[] {
  return lines.split('\n').flatMap((line) => {
    const [account = '', ...names] = line.split(/[\s,]+/).filter((word) => word !== '');
    return names.map((name) => ({ account, zone: zoneName(name) }));
  });
}

function linesOf(allowed: readonly { account: string; zone: string }[]): string {
  const lines = new Map<string, string[]>();
  for (const { account, zone } of allowed) {
    const line = lines.get(account);
    if (line === undefined) lines.set(account, [account, zone]);
    else line.push(zone);
  }
  return [...lines.values()].map((words) => words.join(' ')).join('\n');
}
