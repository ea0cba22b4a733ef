import { Router } from 'express';
import { z } from 'zod';
import type { Principal } from '../../access/principal.js';
import { ROLES, type MemberStatus, type Role } from '../../cluster/member.js';
import { ClusterError } from '../../errors.js';
import { readForm } from './forms.js';
import { done } from './outcomes.js';
import { redirectWith, showPage, type PageContext } from './page.js';
import { visitOf } from './visit.js';

const role = z.enum(Object.keys(ROLES) as [Role, ...Role[]]);
const roleForm = z.object({ role });
/** What can be done with each server of the cluster. */
export function memberPages(context: PageContext): Router {
  const { cluster } = context;
  const router = Router();

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

function memberOf({ cluster }: PageContext, id: string, principal: Principal): MemberStatus {
  const found = cluster.members(principal).find((member) => member.id === id);
  if (found === undefined) throw new ClusterError('member_unknown', { id });
  return found;
}
