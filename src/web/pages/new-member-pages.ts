import { Router, type Request, type Response } from 'express';
import { z } from 'zod';
import { CPANEL, ROLES, type MemberStatus, type NewMember, type Role } from '../../cluster/member.js';
import { ClusterError } from '../../errors.js';
import type { MemberType } from '../../members/member-type.js';
import { readForm, sentText, wholeNumber } from './forms.js';
import { done, type Outcome } from './outcomes.js';
import { redirectWith, showPage, type PageContext } from './page.js';
import { visitOf } from './visit.js';

const role = z.enum(Object.keys(ROLES) as [Role, ...Role[]]);
const typeForm = z.object({ type: z.string().max(60), role });
const cpanelForm = z.object({
  host: z.string().trim().max(255),
  port: wholeNumber(1, 65_535, 2087),
  dnsPort: wholeNumber(1, 65_535, 53),
  user: z.string().trim().max(64),
  token: z.string().trim().max(4096),
  role,
  fingerprint: z.string().trim().max(200).default(''),
  reverseTrust: z.literal('1').optional(),
});
/** What an empty form for the original's wire shows. */
const USUAL = { port: '2087', dnsPort: '53', user: 'root', role: 'sync' };
const CPANEL_FIELDS = ['host', 'port', 'dnsPort', 'user', 'role', 'fingerprint', 'reverseTrust'];

/** Adding a server to the cluster: the menu of types, and the form of each. */
export function newMemberPages(context: PageContext): Router {
  const { cluster } = context;
  const router = Router();

  router.get('/members/new', (request, response) => {
    const { type } = request.query;
    showForm(context, request, response, typeof type === 'string' ? type : CPANEL);
  });

  router.post('/members', async (request, response) => {
    const type = sentText(request, 'type');
    let member: MemberStatus;
    try {
      member = await cluster.addMember(newMember(context, request), visitOf(request).principal);
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      showForm(context, request, response, type, error);
      return;
    }
    redirectWith(context, request, response, [], added(member));
  });
  return router;
}

function showForm(
  context: PageContext,
  request: Request,
  response: Response,
  wanted: string,
  error?: ClusterError,
): void {
  const types = context.cluster.memberTypes();
  const known = types.find(({ type }) => type === wanted);
  response.status(error?.status ?? 200);
  showPage(context, request, response, 'member-new', {
    title: 'Add a server to the cluster',
    types: [{ type: CPANEL, label: 'cPanel' }, ...types],
    type: known?.type ?? CPANEL,
    typeLabel: known === undefined ? 'DNS Remote Configuration' : `${known.label} Configuration`,
    fields: known?.fields,
    roles: ROLES,
    values: error === undefined ? usual(known) : sent(request, known),
    error,
  });
}

function usual(type: MemberType | undefined): Record<string, string> {
  if (type === undefined) return { host: '', fingerprint: '', ...USUAL };
  return { role: 'write-only', ...Object.fromEntries(type.fields.map((field) => [field.name, field.default ?? ''])) };
}

/** What was sent stays in the form, but for its secrets. */
function sent(request: Request, type: MemberType | undefined): Record<string, string> {
  const names = type === undefined ? CPANEL_FIELDS : ['role', ...shownFields(type)];
  return Object.fromEntries(names.map((name) => [name, sentText(request, name)]));
}

function shownFields({ fields }: MemberType): string[] {
  return fields.filter(({ secret }) => secret !== true).map(({ name }) => name);
}

function newMember({ cluster }: PageContext, request: Request): NewMember {
  const { type, role } = readForm(typeForm, request);
  if (type !== CPANEL) {
    const fields = cluster.memberTypes().find((known) => known.type === type)?.fields ?? [];
    return { type, role, values: Object.fromEntries(fields.map(({ name }) => [name, sentText(request, name)])) };
  }
  const { fingerprint, reverseTrust, ...given } = readForm(cpanelForm, request);
  return { ...given, reverseTrust: reverseTrust === '1', ...(fingerprint === '' ? {} : { fingerprint }) };
}

function added({ hostname, role, fingerprint, reverseTrust }: MemberStatus): Outcome {
  const lines = fingerprint === '' ? [] : [`Its certificate is trusted from now on by its fingerprint: ${fingerprint}`];
  if (reverseTrust?.established === true) lines.push(`${hostname} has added this server, too.`);
  if (reverseTrust?.established === false) lines.push(`${hostname} did not add this server: ${reverseTrust.said}`);
  return done(`${hostname} was added to the cluster as ${ROLES[role].label}.`, ...lines);
}
