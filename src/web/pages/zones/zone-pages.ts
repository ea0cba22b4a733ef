import { Router, type Request, type Response } from 'express';
import { z } from 'zod';
import { ClusterError, isClusterError } from '../../../errors.js';
import { ROLES } from '../../../cluster/model/member.js';
import { templateNames } from '../../../zones/templates.js';
import { zoneName } from '../../../zones/zone-name.js';
import { readForm, sentText, wholeNumber } from '../forms.js';
import { changeOutcome } from '../outcomes.js';
import { redirectWith, showPage, usersOf, type PageContext } from '../page.js';
import { visitOf } from '../visit.js';
import { pageOfZones } from './zone-list.js';
import { findingsIn, submittedText } from './zone-text.js';

const USUAL_TEMPLATE = 'standard';
const LARGEST_SERIAL = 0xffffffff;
const variable = z.string().trim().max(253).optional().default('');
const templateForm = z.object({
  name: z.string(),
  template: z.string(),
  ip: variable,
  ns1: variable,
  ns2: variable,
  hostmaster: variable,
});
const restoreForm = z.object({ serial: wholeNumber(0, LARGEST_SERIAL) });
const textForm = z.object({ name: z.string(), text: z.string() });

/** The list of zones; creating and deleting one. */
export function zonePages(context: PageContext): Router {
  const { cluster } = context;
  const router = Router();

  router.get('/zones', async (request, response) => {
    const { principal } = visitOf(request);
    const search = typeof request.query['search'] === 'string' ? request.query['search'].slice(0, 253) : '';
    const list = await pageOfZones(cluster.zones.list(principal), search, Number(request.query['page'] ?? 1) || 1);
    const shown = cluster.accounts.shown();
    const rows = list.rows.map((row) => ({
      ...row,
      ...shown(row.owner),
      states: cluster.zones.states(row.name, principal),
    }));
    showPage(context, request, response, 'zones', {
      title: 'Zones',
      list,
      rows,
      search,
      users: usersOf(context, principal),
    });
  });

  const showCreate = (request: Request, response: Response, error?: ClusterError): void => {
    const isNew = error === undefined;
    // Most likely the domain's nameservers: servers that changes are sent to, then this one. Names that are not known
    // to DNS (`ns1`, an address) are of no use there.
    const members = cluster.members.list(visitOf(request).principal).filter(({ role }) => ROLES[role].writes);
    const hosts = [...members.map(({ hostname }) => hostname), cluster.hostname, cluster.hostname];
    const [ns1, ns2] = hosts.filter((host) => /\.[a-z]/i.test(host));
    response.status(error?.status ?? 200);
    showPage(context, request, response, 'zone-new', {
      title: 'Create a zone',
      templates: templateNames(),
      values: {
        name: sentText(request, 'name'),
        template: isNew ? USUAL_TEMPLATE : sentText(request, 'template'),
        ip: sentText(request, 'ip'),
        ns1: isNew ? ns1 : sentText(request, 'ns1'),
        ns2: isNew ? ns2 : sentText(request, 'ns2'),
        hostmaster: sentText(request, 'hostmaster'),
        text: sentText(request, 'text'),
      },
      error,
      findings: findingsIn(sentText(request, 'text'), error?.issues ?? []),
    });
  };

  /** Runs a creation; a refusal is shown above the form, which keeps what was typed. */
  const create = async (request: Request, response: Response, creation: () => Promise<Created>): Promise<void> => {
    let created: Created;
    try {
      created = await creation();
    } catch (error) {
      if (!isClusterError(error)) throw error;
      showCreate(request, response, error);
      return;
    }
    const { result, given } = created;
    redirectWith(context, request, response, ['zone', result.zone], changeOutcome(result, given));
  };

  router.get('/zones/new', (request, response) => showCreate(request, response));

  router.post('/zones', (request, response) =>
    create(request, response, async () => {
      const { name, template, ...variables } = readForm(templateForm, request);
      const { principal } = visitOf(request);
      return {
        result: await cluster.zones.create(zoneName(name), { template, variables }, principal),
        given: name,
      };
    }),
  );

  router.post('/zones/text', (request, response) =>
    create(request, response, async () => {
      const { name, text } = readForm(textForm, request);
      const { principal } = visitOf(request);
      const bytes = submittedText(text, undefined);
      return { result: await cluster.zones.add(zoneName(name), bytes, principal), given: name };
    }),
  );

  router.get('/zones/deleted', (request, response) => {
    const removed = cluster.removed.list(visitOf(request).principal);
    showPage(context, request, response, 'zones-deleted', { title: 'Deleted zones', removed });
  });

  router.post('/zone/:name/restore', async (request, response) => {
    const name = zoneName(request.params.name);
    const { serial: ifRemovedAt } = readForm(restoreForm, request);
    const result = await cluster.removed.restore(name, visitOf(request).principal, { ifRemovedAt });
    redirectWith(context, request, response, ['zone', name], changeOutcome(result));
  });

  router.get('/zone/:name/delete', (request, response) => {
    const { principal } = visitOf(request);
    const name = zoneName(request.params.name);
    const row = cluster.zones.get(name, principal);
    if (row === undefined) throw new ClusterError('zone_unknown', { zone: name });
    const states = cluster.zones.states(name, principal);
    const { home } = row;
    const isOfOther = home !== undefined && home.mark !== 'left' && home.server !== cluster.hostname.toLowerCase();
    showPage(context, request, response, 'zone-delete', { title: `Delete ${name}`, row, states, isOfOther });
  });

  router.post('/zone/:name/delete', async (request, response) => {
    const evenOfOthers = sentText(request, 'evenOfOthers') === '1';
    const name = zoneName(request.params.name);
    const keepAtMembers = sentText(request, 'keepAtMembers') === '1';
    const options = { evenOfOthers, keepAtMembers };
    const result = await cluster.zones.remove(name, visitOf(request).principal, options);
    redirectWith(context, request, response, ['zones'], changeOutcome(result));
  });
  return router;
}

interface Created {
  result: Awaited<ReturnType<PageContext['cluster']['addZone']>>;
  /** The name as it was typed. */
  given: string;
}
