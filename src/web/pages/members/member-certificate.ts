import { Router } from 'express';
import { z } from 'zod';
import { isServerType } from '../../../cluster/model/member.js';
import { ClusterError } from '../../../errors.js';
import { isTrusted } from '../../../members/cpanel/trust.js';
import { defined } from '../../../operations/defined.js';
import { readForm } from '../forms.js';
import { trustFields } from './member-form.js';
import { memberOf } from './member-pages.js';
import { done } from '../outcomes.js';
import { redirectWith, showPage, type PageContext } from '../page.js';
import { visitOf } from '../visit.js';

const acceptForm = z.object({ fingerprint: z.string().max(200), ...trustFields });

/** The certificate that a server of the cluster shows now beside the accepted one, and accepting it. */
export function memberCertificate(context: PageContext): Router {
  const { cluster } = context;
  const router = Router();

  router.get('/member/:id/certificate', async (request, response) => {
    const { principal } = visitOf(request);
    const member = memberOf(context, request.params.id, principal);
    if (!isServerType(member.type)) throw new ClusterError('page_unknown', { path: request.path.slice(0, 200) });
    const server = await cluster.members.lookAt(member.host, member.port, principal, member.ca);
    showPage(context, request, response, 'member-certificate', {
      title: `The certificate of ${member.hostname}`,
      member,
      server,
      isTrusted: isTrusted(member, server),
      values: { trust: member.trust, ca: member.ca ?? '' },
    });
  });

  // Only the certificate that was shown here is accepted: the server must show it again when it gets the token.
  router.post('/member/:id/certificate', async (request, response) => {
    const { principal } = visitOf(request);
    const member = memberOf(context, request.params.id, principal);
    const { fingerprint, trust, ca } = readForm(acceptForm, request);
    const edit = { fingerprint, ...defined({ trust, ca }) };
    const { hostname } = await cluster.members.edit(member.id, edit, principal);
    const sentence =
      fingerprint === member.fingerprint
        ? `${hostname} is known by what you chose from now on.`
        : `The new certificate of ${hostname} is accepted. It now gets the changes that it missed.`;
    redirectWith(context, request, response, ['member', member.id], done(sentence));
  });
  router.post('/member/:id/take-back', async (request, response) => {
    const { id, hostname } = await cluster.members.takeBackKey(request.params.id, visitOf(request).principal);
    const sentence = `The new key of ${hostname} is taken back. Nothing is sent to it while it shows that one.`;
    redirectWith(context, request, response, ['member', id], done(sentence));
  });
  return router;
}
