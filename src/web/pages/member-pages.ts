import { Router, type Request, type Response } from 'express';
import { z } from 'zod';
import type { Principal } from '../../access/principal.js';
import { ROLES, type MemberStatus, type NewMember, type Role } from '../../cluster/member.js';
import { ClusterError } from '../../errors.js';
import { readForm, sentText, wholeNumber } from './forms.js';
import { done } from './outcomes.js';
import { redirectWith, showPage, type PageContext } from './page.js';
import { visitOf } from './visit.js';

const role = z.enum(Object.keys(ROLES) as [Role, ...Role[]]);
const roleForm = z.object({ role });
const memberForm = z.object({
  type: z.literal('cpanel'),
  host: z.string().trim().max(255),
  port: wholeNumber(1, 65_535, 2087),
  dnsPort: wholeNumber(1, 65_535, 53),
  user: z.string().trim().max(64),
  token: z.string().trim().max(4096),
  role,
  fingerprint: z.string().trim().max(200).default(''),
});

/** Adding a server to the cluster, and what can be done with each. */
export function memberPages(context: PageContext): Router {
  const { cluster } = context;
  const router = Router();

  const showForm = (request: Request, response: Response, error?: ClusterError): void => {
    const isNew = error === undefined;
    const values = {
      host: sentText(request, 'host'),
      port: isNew ? '2087' : sentText(request, 'port'),
      dnsPort: isNew ? '53' : sentText(request, 'dnsPort'),
      user: isNew ? 'root' : sentText(request, 'user'),
      role: isNew ? 'sync' : sentText(request, 'role'),
      fingerprint: sentText(request, 'fingerprint'),
    };
    response.status(error?.status ?? 200);
    showPage(context, request, response, 'member-new', {
      title: 'Add a server to the cluster',
      roles: ROLES,
      values,
      error,
    });
  };

  router.get('/members/new', (request, response) => showForm(request, response));

  router.post('/members', async (request, response) => {
    let member: MemberStatus;
    try {
      member = await cluster.addMember(newMember(request), visitOf(request).principal);
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      showForm(request, response, error);
      return;
    }
    const outcome = done(
      `${member.hostname} was added to the cluster as ${ROLES[member.role].label}.`,
      `Its certificate is trusted from now on by its fingerprint: ${member.fingerprint}`,
    );
    redirectWith(context, request, response, [], outcome);
  });

  router.post('/member/:id/role', async (request, response) => {
    const given = readForm(roleForm, request);
    const member = await cluster.setMemberRole(request.params.id, given.role, visitOf(request).principal);
    const { label, explanation } = ROLES[member.role];
    redirectWith(
      context,
      request,
      response,
      [],
      done(`The DNS role of ${member.hostname} is ${label}. ${explanation}`),
    );
  });

  router.post('/member/:id/enable', async (request, response) => {
    const member = await cluster.enableMember(request.params.id, visitOf(request).principal);
    const sentence = `${member.hostname} is enabled again. What it missed is sent to it now.`;
    redirectWith(context, request, response, [], done(sentence));
  });

  router.post('/member/:id/disable', async (request, response) => {
    const member = await cluster.disableMember(request.params.id, visitOf(request).principal);
    const sentence = `${member.hostname} is disabled. Changes wait for it and are sent when it is enabled again.`;
    redirectWith(context, request, response, [], done(sentence));
  });

  router.get('/member/:id/delete', (request, response) => {
    const member = memberOf(context, request.params.id, visitOf(request).principal);
    showPage(context, request, response, 'member-delete', { title: `Delete ${member.hostname}`, member });
  });

  router.post('/member/:id/delete', async (request, response) => {
    const { principal } = visitOf(request);
    const member = memberOf(context, request.params.id, principal);
    await cluster.removeMember(member.id, principal);
    const sentence = `${member.hostname} was deleted from the cluster. The zones on it stay there as they are.`;
    redirectWith(context, request, response, [], done(sentence));
  });
  return router;
}

function newMember(request: Request): NewMember {
  const { host, port, dnsPort, user, token, role, fingerprint } = readForm(memberForm, request);
  return { host, port, dnsPort, user, token, role, ...(fingerprint === '' ? {} : { fingerprint }) };
}

function memberOf({ cluster }: PageContext, id: string, principal: Principal): MemberStatus {
  const found = cluster.members(principal).find((member) => member.id === id);
  if (found === undefined) throw new ClusterError('member_unknown', { id });
  return found;
}
