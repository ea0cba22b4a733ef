import { Router, type Request, type Response } from 'express';
import { z } from 'zod';
import { authorizeRoot } from '../../cluster/model/audit.js';
import { ClusterError, isClusterError } from '../../errors.js';
import { removalRevision, removeUser, zonesToSettle } from '../user-removal.js';
import { readForm, seen, sentText } from './forms.js';
import { done } from './outcomes.js';
import { redirectWith, showPage, type PageContext } from './page.js';
import { visitOf } from './visit.js';

const user = z.string().max(64);
const removalForm = z.object({ user, zones: z.enum(['give', 'remove']).optional(), to: user.optional(), seen });

/** The host's users, and removing one: where the host lets them be changed here. Root's alone. */
export function userPages(context: PageContext): Router {
  const { cluster, tokens, audit, host } = context;
  const router = Router();
  const { accounts } = host;
  if (accounts === undefined) return router;

  const ask = (request: Request, response: Response, name: string, error?: ClusterError): void => {
    const listed = accounts.list();
    const found = listed.find((one) => one.user === name);
    if (found === undefined) throw new ClusterError('user_unknown', { user: name.slice(0, 40) });
    response.status(error?.status ?? 200);
    showPage(context, request, response, 'user-remove', {
      title: `Remove ${name}?`,
      user: name,
      zones: zonesToSettle(name, cluster),
      tokens: tokens.list(name).length,
      others: listed.flatMap((one) => (one === found ? [] : one.user)),
      fields: { zones: sentText(request, 'zones'), to: sentText(request, 'to') },
      seen: removalRevision(name, cluster),
      error,
    });
  };

  router.get('/users', (request, response) => {
    authorizeRoot(visitOf(request).principal);
    const zonesOf = (one: string): number => cluster.zones.countOf(cluster.accounts.of(one));
    const users = accounts.list().map((one) => ({ ...one, zones: zonesOf(one.user) }));
    showPage(context, request, response, 'users', { title: 'Users', users });
  });

  router.get('/users/remove', (request, response) => {
    authorizeRoot(visitOf(request).principal);
    const { user: name } = request.query;
    ask(request, response, typeof name === 'string' ? name : '');
  });

  router.post('/users/remove', async (request, response) => {
    const { principal } = visitOf(request);
    authorizeRoot(principal);
    const { user: name, zones, to, seen: sent } = readForm(removalForm, request);
    const given = zones === 'give' ? to : undefined;
    try {
      const what = { to: given, remove: zones === 'remove', seen: sent };
      const gone = await removeUser(name, what, principal, { cluster, accounts, tokens, audit });
      redirectWith(context, request, response, ['users'], done(...sentences(name, given, gone)));
    } catch (error) {
      if (!isClusterError(error)) throw error;
      ask(request, response, name, error);
    }
  });
  return router;
}

function sentences(
  name: string,
  to: string | undefined,
  { zones, revoked, members }: { zones: number; revoked: string[]; members: string[] },
): string[] {
  const belong = zones === 1 ? '1 zone belongs' : `${zones} zones belong`;
  const removed = zones === 1 ? '1 zone was removed.' : `${zones} zones were removed.`;
  return [
    `${name} was removed.`,
    ...(zones === 0 ? [] : [to === undefined ? removed : `${belong} to ${to} now.`]),
    ...(revoked.length === 0 ? [] : [`Revoked tokens: ${revoked.join(', ')}.`]),
    ...(members.length === 0 ? [] : [`No longer servers of the cluster: ${members.join(', ')}.`]),
  ];
}
