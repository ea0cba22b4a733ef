import { Router } from 'express';
import { z } from 'zod';
import { ClusterError } from '../../errors.js';
import { readForm } from './forms.js';
import { done } from './outcomes.js';
import { redirectWith, type PageContext } from './page.js';
import { visitOf } from './visit.js';

const managingForm = z.object({ user: z.string().max(64) });

/** Root's choice of whom to act for. */
export function managingPages(context: PageContext): Router {
  const router = Router();
  router.post('/managing', (request, response) => {
    const { login, sessionId } = visitOf(request);
    const { user } = readForm(managingForm, request);
    if (login.kind !== 'root') throw new ClusterError('privilege_missing', { privilege: 'root' });
    if (user !== '' && !context.managing.resellers().includes(user)) {
      throw new ClusterError('parameter_invalid', { parameter: 'user', why: 'is no reseller of this panel' });
    }
    context.managing.set(sessionId, user);
    const sentence =
      user === '' ? 'You are acting as root again.' : `You are acting as ${user}. To stop, switch back to root.`;
    redirectWith(context, request, response, [], done(sentence));
  });
  return router;
}
