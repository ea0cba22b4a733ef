import { Router, type Request, type Response } from 'express';
import { z } from 'zod';
import { accountOf } from '../../../access/principal.js';
import { isServerType, ROLES } from '../../../cluster/model/member.js';
import { ClusterError, isClusterError } from '../../../errors.js';
import { defined } from '../../../operations/defined.js';
import { CPANEL, type MemberType } from '../../../members/member-type.js';
import { readForm, sentText } from '../forms.js';
import { cpanelMember, role, sentAgain, trustFields, typedValues } from './member-form.js';
import { done, type Outcome } from '../outcomes.js';
import { redirectWith, showPage, type PageContext } from '../page.js';
import { PendingMembers } from './pending-members.js';
import { visitOf } from '../visit.js';
import type { MemberStatus, NewMember } from '../../../cluster/model/member-status.js';

const typeForm = z.object({ type: z.string().max(60), role });
const acceptForm = z.object({ pending: z.string(), ...trustFields });

/** Adding a server to the cluster: the menu of types, the form of each, and the certificate to accept. */
export function newMemberPages(context: PageContext): Router {
  const { cluster } = context;
  const router = Router();
  const pending = new PendingMembers();

  router.get('/members/new', (request, response) => {
    const { type } = request.query;
    showForm(context, request, response, typeof type === 'string' ? type : CPANEL);
  });

  router.post('/members', async (request, response) => {
    const type = sentText(request, 'type');
    const { principal } = visitOf(request);
    try {
      const input = newMember(context, request);
      if ('host' in input && input.fingerprint === undefined) {
        const server = await cluster.members.lookAt(input.host, input.port, principal, input.ca);
        const id = pending.keep(accountOf(principal), { ...input, fingerprint: server.fingerprint });
        showPage(context, request, response, 'member-accept', {
          title: `Is this ${server.host}?`,
          server,
          pending: id,
          values: { trust: input.trust, ca: input.ca ?? '' },
        });
        return;
      }
      const member = await cluster.members.add(input, principal);
      redirectWith(context, request, response, ['member', member.id], added(member));
    } catch (error) {
      if (!isClusterError(error)) throw error;
      showForm(context, request, response, type, error);
    }
  });

  router.post('/members/accept', async (request, response) => {
    const { principal } = visitOf(request);
    const { pending: id, trust, ca } = readForm(acceptForm, request);
    const kept = pending.take(accountOf(principal), id);
    if (kept === undefined) throw new ClusterError('form_expired');
    const input = { ...kept, ...defined({ trust, ca }) };
    try {
      const member = await cluster.members.add(input, principal);
      redirectWith(context, request, response, ['member', member.id], added(member));
    } catch (error) {
      if (!isClusterError(error)) throw error;
      showForm(context, request, response, CPANEL, error, shownOf(input));
    }
  });
  return router;
}

function showForm(
  context: PageContext,
  request: Request,
  response: Response,
  wanted: string,
  error?: ClusterError,
  values?: Record<string, string>,
): void {
  const types = context.cluster.members.types(visitOf(request).principal);
  const known = types.find(({ type }) => type === wanted) ?? types.find(({ type }) => isServerType(type));
  if (known === undefined) throw new ClusterError('member_type_unknown', { type: wanted.slice(0, 60), types: '' });
  const isServer = isServerType(known.type);
  response.status(error?.status ?? 200);
  showPage(context, request, response, 'member-new', {
    title: 'Add a server to the cluster',
    types,
    type: known.type,
    typeLabel: isServer ? 'DNS Remote Configuration' : `${known.label} Configuration`,
    fields: isServer ? undefined : known.fields,
    roles: ROLES,
    values: values ?? (error === undefined ? usual(known) : sentAgain(request, known)),
    error,
  });
}

/** What an empty form shows. */
function usual({ type, fields }: MemberType): Record<string, string> {
  const role = isServerType(type) ? 'sync' : 'write-only';
  return { role, ...Object.fromEntries(fields.map((field) => [field.name, field.default ?? ''])) };
}

/** What was typed before the certificate was shown, without the token. */
function shownOf(input: NewMember): Record<string, string> {
  if (!('host' in input)) return {};
  const { host, port, dnsPort, user, role, trust = 'key', ca = '', reverseTrust, debug } = input;
  return {
    host,
    user,
    role,
    fingerprint: '',
    trust,
    ca,
    port: String(port ?? ''),
    dnsPort: String(dnsPort ?? ''),
    reverseTrust: reverseTrust === true ? '1' : '',
    debug: debug === true ? '1' : '',
  };
}

function newMember({ cluster }: PageContext, request: Request): NewMember {
  const { type, role } = readForm(typeForm, request);
  if (isServerType(type)) return cpanelMember(request);
  const known = cluster.members.types().find((one) => one.type === type);
  return { type, role, values: known === undefined ? {} : typedValues(request, known) };
}

function added({ hostname, role, fingerprint, trust, reverseTrust }: MemberStatus): Outcome {
  const by = trust === 'key' ? 'key' : trust === 'ca' ? 'authority' : 'certificate';
  const lines =
    fingerprint === '' ? [] : [`It is known by its ${by} from now on, with the fingerprint: ${fingerprint}`];
  if (reverseTrust?.established === true) lines.push(`${hostname} has added this server, too.`);
  if (reverseTrust?.established === false) lines.push(`${hostname} did not add this server: ${reverseTrust.said}`);
  const next = ROLES[role].writes
    ? 'All zones are on their way to it. Ask its nameserver below, or synchronize DNS records now.'
    : 'Nothing is sent to it. Synchronize DNS records to fetch what it has.';
  return done(`${hostname} was added to the cluster as ${ROLES[role].label}.`, ...lines, next);
}
