import { Router, type Request, type Response } from 'express';
import { z } from 'zod';
import { ClusterError } from '../../errors.js';
import { readForm, sentText } from './forms.js';
import { done } from './outcomes.js';
import { redirectWith, showPage, type PageContext } from './page.js';
import { visitOf } from './visit.js';

/** Privileges that a token can have; `all` is for root only. */
const PRIVILEGES = [
  {
    name: 'clustering',
    explanation: 'For another server of the cluster: it may read and change zones here.',
    rootOnly: false,
  },
  { name: 'all', explanation: 'For programs of the administrator: everything.', rootOnly: true },
] as const;

const createForm = z.object({ name: z.string().trim(), privilege: z.enum(['clustering', 'all']) });
const revokeForm = z.object({ user: z.string(), name: z.string() });

/** API tokens: a list, creating one (its secret is shown once), revoking one. */
export function tokenPages(context: PageContext): Router {
  const { tokens } = context;
  const router = Router();

  const showTokens = (request: Request, response: Response, shown: { secret?: string; error?: ClusterError }): void => {
    const { principal } = visitOf(request);
    response.status(shown.error?.status ?? 200);
    showPage(context, request, response, 'tokens', {
      title: 'Manage API Tokens',
      tokens: principal.kind === 'root' ? tokens.list() : tokens.list(principal.user),
      privileges: PRIVILEGES.filter(({ rootOnly }) => !rootOnly || principal.kind === 'root'),
      name: sentText(request, 'name'),
      secret: shown.secret,
      error: shown.error,
    });
  };

  router.get('/tokens', (request, response) => showTokens(request, response, {}));

  router.post('/tokens', async (request, response) => {
    const { principal } = visitOf(request);
    let secret: string;
    try {
      const { name, privilege } = readForm(createForm, request);
      if (privilege === 'all' && principal.kind !== 'root')
        throw new ClusterError('privilege_missing', { privilege: 'all' });
      const { user, kind } = principal;
      ({ secret } = await tokens.create({ user, kind, name, privileges: [privilege] }));
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      showTokens(request, response, { error });
      return;
    }
    // Not redirected: the secret is in this one answer and nowhere else.
    showTokens(request, response, { secret });
  });

  router.post('/tokens/revoke', async (request, response) => {
    const { principal } = visitOf(request);
    const { user, name } = readForm(revokeForm, request);
    if (principal.kind !== 'root' && user !== principal.user)
      throw new ClusterError('privilege_missing', { privilege: 'all' });
    await tokens.revoke(user, name);
    const sentence = `The token ${name} of ${user} is revoked. Whoever used it is refused from now on.`;
    redirectWith(context, request, response, ['tokens'], done(sentence));
  });
  return router;
}
