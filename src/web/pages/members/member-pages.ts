import { Router, type Request, type Response } from 'express';
import { z } from 'zod';
import type { Principal } from '../../../access/principal.js';
import { isServerType, presentRenewal, ROLES } from '../../../cluster/model/member.js';
import type { MemberAnswer } from '../../../cluster/members/member-dns.js';
import { EDITABLE, type MemberEdit } from '../../../cluster/model/member-edit.js';
import { ClusterError, isClusterError } from '../../../errors.js';
import { zoneName } from '../../../zones/zone-name.js';
import { revisionOf } from '../../../state/revision.js';
import { readForm, seen, sentText } from '../forms.js';
import { cpanelMember, role, sentAgain, typedValues } from './member-form.js';
import { done, failed } from '../outcomes.js';
import { redirectWith, showPage, type PageContext } from '../page.js';
import { visitOf } from '../visit.js';
import { MEMBER_STATES } from '../../../presentation/words.js';
import type { MemberStatus } from '../../../cluster/model/member-status.js';

const roleForm = z.object({ role, seen });
const editForm = z.object({ seen });
const digForm = z.object({ zone: z.string().trim().max(255) });
const CONFIRMED_WITH = 5;

/** One server of the cluster, and what can be done with it. */
export function memberPages(context: PageContext): Router {
  const { cluster } = context;
  const router = Router();
  const home = (request: Request, response: Response, ...sentences: string[]): void =>
    redirectWith(context, request, response, [], done(...sentences));

  const showMember = (request: Request, response: Response, member: MemberStatus, asked?: MemberAnswer): void => {
    const { principal } = visitOf(request);
    showPage(context, request, response, 'member', {
      title: member.hostname,
      member,
      renewal: presentRenewal(member),
      asked,
      roles: ROLES,
      states: MEMBER_STATES,
      typeLabel: typeLabel(context),
      calls: cluster.members.transactions(member.id, principal),
      zones: cluster.zones.list(principal).slice(0, CONFIRMED_WITH),
      threshold: 0,
    });
  };

  router.get('/member/:id', (request, response) => {
    showMember(request, response, memberOf(context, request.params.id, visitOf(request).principal));
  });

  router.post('/member/:id/dig', async (request, response) => {
    const { principal } = visitOf(request);
    const member = memberOf(context, request.params.id, principal);
    const zone = zoneName(readForm(digForm, request).zone);
    showMember(request, response, member, await cluster.members.askForSoa(member.id, zone, principal));
  });

  router.post('/member/:id/test', async (request, response) => {
    const { principal } = visitOf(request);
    const { id } = memberOf(context, request.params.id, principal);
    const { hostname, version, milliseconds, silentNameserver } = await cluster.members.test(id, principal);
    const sentence = `${hostname} answered within ${milliseconds} ms${version === '' ? '' : ` and has version ${version}`}.`;
    const outcome =
      silentNameserver === undefined
        ? done(sentence)
        : failed(
            sentence,
            `Its nameserver does not answer over ${silentNameserver.over.join(' and ')}: ${silentNameserver.why}`,
          );
    redirectWith(context, request, response, ['member', id], outcome);
  });

  router.post('/member/:id/role', async (request, response) => {
    const given = readForm(roleForm, request);
    const member = await cluster.members.setRole(request.params.id, given.role, visitOf(request).principal, given.seen);
    const { label, explanation } = ROLES[member.role];
    home(request, response, `The DNS role of ${member.hostname} is ${label}. ${explanation}`);
  });

  router.post('/member/:id/enable', async (request, response) => {
    const member = await cluster.members.enable(request.params.id, visitOf(request).principal);
    home(request, response, `${member.hostname} is enabled again. What it missed is sent to it now.`);
  });

  router.post('/member/:id/disable', async (request, response) => {
    const member = await cluster.members.disable(request.params.id, visitOf(request).principal);
    home(
      request,
      response,
      `${member.hostname} is disabled. Changes wait for it and are sent when it is enabled again.`,
    );
  });

  router.post('/member/:id/removals', async (request, response) => {
    const member = await cluster.members.allowRemovals(request.params.id, visitOf(request).principal);
    home(request, response, `The zones that you removed are removed from ${member.hostname} now.`);
  });

  const showEdit = (request: Request, response: Response, member: MemberStatus, refused?: ClusterError): void => {
    const type = cluster.members.types().find((known) => known.type === member.type);
    const { host, port, dnsPort, user, fingerprint, trust, ca, debug } = member;
    const trusted = { fingerprint, trust, ca };
    const held = { host, port, dnsPort, user, ...trusted, role: member.role, debug: debug === true ? '1' : '' };
    response.status(refused?.status ?? 200);
    showPage(context, request, response, 'member-edit', {
      title: `Edit ${member.hostname}`,
      member,
      roles: ROLES,
      fields: isServerType(member.type) ? undefined : type?.fields,
      error: refused,
      // A form that was refused stays one of what it was made from.
      seen: refused === undefined ? revisionOf(member, EDITABLE) : sentText(request, 'seen'),
      values: refused === undefined ? { ...held, ...member.values } : { ...held, ...sentAgain(request, type) },
    });
  };

  router.get('/member/:id/edit', (request, response) => {
    showEdit(request, response, memberOf(context, request.params.id, visitOf(request).principal));
  });

  router.post('/member/:id/edit', async (request, response) => {
    const { principal } = visitOf(request);
    const member = memberOf(context, request.params.id, principal);
    try {
      const edit = editOf(context, request, member);
      const edited = await cluster.members.edit(member.id, edit, principal, readForm(editForm, request).seen);
      const sentence = `${edited.hostname} was changed. The connection test succeeded.`;
      redirectWith(context, request, response, ['member', member.id], done(sentence));
    } catch (error) {
      if (!isClusterError(error)) throw error;
      showEdit(request, response, member, error);
    }
  });

  router.get('/member/:id/delete', (request, response) => {
    const member = memberOf(context, request.params.id, visitOf(request).principal);
    showPage(context, request, response, 'member-delete', { title: `Delete ${member.hostname}`, member });
  });

  router.post('/member/:id/delete', async (request, response) => {
    const { principal } = visitOf(request);
    const member = memberOf(context, request.params.id, principal);
    await cluster.members.remove(member.id, principal);
    home(request, response, `${member.hostname} was deleted from the cluster. The zones on it stay there as they are.`);
  });
  return router;
}

/** How the type of a member is called. */
export function typeLabel({ cluster }: PageContext): (type: string) => string {
  return (type) => cluster.members.types().find((known) => known.type === type)?.label ?? type;
}

/** What is empty stays as it was where it is secret. */
function editOf({ cluster }: PageContext, request: Request, member: MemberStatus): MemberEdit {
  const type = cluster.members.types().find((known) => known.type === member.type);
  if (!isServerType(member.type) && type !== undefined) {
    const secrets = new Set(type.fields.filter(({ secret }) => secret).map(({ name }) => name));
    const values = Object.entries(typedValues(request, type)).filter(
      ([name, value]) => !secrets.has(name) || value !== '',
    );
    return { ...readForm(roleForm, request), values: Object.fromEntries(values) };
  }
  const { host, token, fingerprint, reverseTrust: _unasked, ...given } = cpanelMember(request);
  // The certificate of another address is another one.
  const moved = host !== member.host || given.port !== member.port;
  const pinned = fingerprint === undefined || (moved && fingerprint === member.fingerprint) ? {} : { fingerprint };
  return { ...given, host, ...(token === '' ? {} : { token }), ...pinned };
}

/** The member of the address of a page, where this principal may see it. */
export function memberOf({ cluster }: PageContext, id: string, principal: Principal): MemberStatus {
  const found = cluster.members.list(principal).find((member) => member.id === id);
  if (found === undefined) throw new ClusterError('member_unknown', { id: id.slice(0, 80) });
  return found;
}
