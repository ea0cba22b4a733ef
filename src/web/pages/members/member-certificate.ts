import { Router } from 'express';
import { z } from 'zod';
import { isServerType } from '../../../cluster/model/member.js';
import { ClusterError } from '../../../errors.js';
import { readForm } from '../forms.js';
import { memberOf } from './member-pages.js';
import { done } from '../outcomes.js';
import { redirectWith, showPage, type PageContext } from '../page.js';
import { visitOf } from '../visit.js';

const acceptForm = z.object({ fingerprint: z.string().max(200) });

/** The certificate that a server of the cluster shows now beside the accepted one, and accepting it. */
export function memberCertificate(context: PageContext): Router {
  const { cluster } = context;
  const router = Router();

  router.get('/member/:id/certificate', async (request, response) => {
    const { principal } = visitOf(request);
    const member = memberOf(context, request.params.id, principal);
    if (!isServerType(member.type)) throw new ClusterError('page_unknown', { path: request.path.slice(0, 200) });
    const server = await cluster.members.lookAt(member.host, member.port, principal);
    showPage(context, request, response, 'member-certificate', {
      title: `The certificate of ${member.hostname}`,
      member,
      server,
    });
  });

  // Only the certificate that was shown here is accepted: the server must show it again when it gets the token.
  router.post('/member/:id/certificate', async (request, response) => {
    const { principal } = visitOf(request);
    const member = memberOf(context, request.params.id, principal);
    const { fingerprint } = readForm(acceptForm, request);
    const { hostname } = await cluster.members.edit(member.id, { fingerprint }, principal);
    const sentence = `The new certificate of ${hostname} is accepted. What it missed is sent to it now.`;
    redirectWith(context, request, response, ['member', member.id], done(sentence));
  });
  return router;
}
