import { Router, type Request, type Response } from 'express';
import { z } from 'zod';
import { checkPrivileges, mayGive, PRIVILEGES } from '../../access/privileges.js';
import type { Principal } from '../../access/principal.js';
import type { Token } from '../../access/stored-token.js';
import { tokenRevision } from '../../access/tokens.js';
import { isExpired } from '../../access/token-terms.js';
import { ClusterError, isClusterError } from '../../errors.js';
import { readForm, seen, sentText, sentTexts } from './forms.js';
import { done } from './outcomes.js';
import { redirectWith, showPage, type PageContext } from './page.js';
import { visitOf } from './visit.js';

/** The last second of a day, UTC: a token is good through the day that is named. */
const END_OF_DAY = 'T23:59:59Z';
const LENGTH_OF_DATE = '2026-01-31'.length;

const tokenForm = z.object({
  name: z.string().trim(),
  privilege: z.union([z.string().transform((only) => [only]), z.array(z.string())]).default([]),
  expires: z
    .string()
    .trim()
    .default('')
    .refine((day) => day === '' || !Number.isNaN(Date.parse(day + END_OF_DAY)), 'is no date')
    .transform((day) => (day === '' ? undefined : Date.parse(day + END_OF_DAY) / 1_000)),
  addresses: z
    .string()
    .default('')
    .transform((text) => text.split(/[\s,]+/).filter((address) => address !== '')),
});
const keysForm = z.object({ taken: z.enum(['0', '1']) });
const named = z.object({ user: z.string(), name: z.string() });
const editForm = tokenForm.extend({ user: z.string(), token: z.string(), seen });
const keyForm = z.object({ seen });

/** What the fields of the form hold. */
interface Fields {
  name: string;
  privileges: readonly string[];
  expires: string;
  addresses: string;
}

/** API tokens: a list, creating one (its secret is shown once), changing and revoking one. */
export function tokenPages(context: PageContext): Router {
  const { tokens } = context;
  const router = Router();

  const showTokens = (
    request: Request,
    response: Response,
    shown: { secret?: string; key?: string; error?: ClusterError },
  ): void => {
    const { principal } = visitOf(request);
    response.status(shown.error?.status ?? 200);
    const listed = principal.kind === 'root' ? tokens.list() : tokens.list(principal.user);
    showPage(context, request, response, 'tokens', {
      title: 'Manage API Tokens',
      tokens: listed.map((token) => ({ ...token, expired: isExpired(token), expires: expiryOf(token) })),
      privileges: privilegesFor(principal),
      // A form that was refused is shown as it was sent; one that was taken is empty.
      fields: shown.error === undefined ? EMPTY : sentFields(request),
      created: sentText(request, 'name').trim(),
      secret: shown.secret,
      key: shown.key,
      accessKeys: tokens.accessKeys,
      keyMade: tokens.accessKeyMade(principal.user),
      error: shown.error,
    });
  };

  const showToken = (
    request: Request,
    response: Response,
    token: Token,
    fields: Fields,
    error?: ClusterError,
  ): void => {
    response.status(error?.status ?? 200);
    const privileges = privilegesFor(visitOf(request).principal);
    const title = `Edit the token ${token.name}`;
    // A form that was refused stays one of what it was made from.
    const seen = error === undefined ? tokenRevision(token) : sentText(request, 'seen');
    showPage(context, request, response, 'token-edit', { title, token, privileges, fields, error, seen });
  };

  /** Throws token_unknown, privilege_missing. */
  const tokenOf = (principal: Principal, { user, name }: { user: string; name: string }): Token => {
    if (principal.kind !== 'root' && user !== principal.user)
      throw new ClusterError('privilege_missing', { privilege: 'all' });
    const listed = principal.kind === 'root' ? tokens.list() : tokens.list(user);
    const found = listed.find((token) => token.user === user && token.name === name);
    if (found !== undefined) return found;
    throw new ClusterError('token_unknown', { name: name.slice(0, 60), user: user.slice(0, 60) });
  };

  router.get('/tokens', (request, response) => showTokens(request, response, {}));

  router.post('/tokens', async (request, response) => {
    const { principal } = visitOf(request);
    let secret: string;
    try {
      const { name, privilege: privileges, expires: expiresAt, addresses } = readForm(tokenForm, request);
      checkPrivileges(name.slice(0, 60), privileges);
      const { user, kind } = principal;
      ({ secret } = await tokens.create({ user, kind, name, privileges, expiresAt, addresses }, principal));
    } catch (error) {
      if (!isClusterError(error)) throw error;
      showTokens(request, response, { error });
      return;
    }
    // Not redirected: the secret is in this one answer and nowhere else.
    showTokens(request, response, { secret });
  });

  router.get('/tokens/edit', (request, response) => {
    const { user = '', name = '' } = request.query as Readonly<Record<string, string>>;
    const token = tokenOf(visitOf(request).principal, { user, name });
    showToken(request, response, token, fieldsOf(token));
  });

  router.post('/tokens/edit', async (request, response) => {
    const { principal } = visitOf(request);
    const token = tokenOf(principal, { user: sentText(request, 'user'), name: sentText(request, 'token') });
    try {
      const { user, name, privilege: privileges, expires, addresses, seen: sent } = readForm(editForm, request);
      checkPrivileges(token.name, privileges);
      // The same day as before is no new date: it may be past, and its hour was perhaps another.
      const isSameDay = expires !== undefined && sentText(request, 'expires').trim() === expiryOf(token);
      const change = { name, privileges, addresses, expiresAt: isSameDay ? undefined : (expires ?? null) };
      await tokens.update(user, token.name, change, principal, sent);
      const sentence = `The token ${name} of ${user} was changed. Its secret is the same as before.`;
      redirectWith(context, request, response, ['tokens'], done(sentence));
    } catch (error) {
      if (!isClusterError(error)) throw error;
      showToken(request, response, token, sentFields(request), error);
    }
  });

  router.get('/tokens/revoke', (request, response) => {
    const { user = '', name = '' } = request.query as Readonly<Record<string, string>>;
    const token = tokenOf(visitOf(request).principal, { user, name });
    showPage(context, request, response, 'token-revoke', { title: `Revoke the token ${token.name}`, token });
  });

  router.post('/tokens/key', async (request, response) => {
    const { principal } = visitOf(request);
    const { seen: sent } = readForm(keyForm, request);
    showTokens(request, response, { key: await tokens.createAccessKey(principal, principal, sent) });
  });

  router.post('/tokens/key/revoke', async (request, response) => {
    const { principal } = visitOf(request);
    await tokens.revokeAccessKey(principal.user, principal);
    const sentence = 'The remote access key is revoked. Whoever used it is refused from now on.';
    redirectWith(context, request, response, ['tokens'], done(sentence));
  });

  router.post('/tokens/keys', async (request, response) => {
    const { principal } = visitOf(request);
    if (principal.kind !== 'root') throw new ClusterError('privilege_missing', { privilege: 'root' });
    const taken = readForm(keysForm, request).taken === '1';
    await tokens.setAccessKeys(taken, principal);
    const sentence = taken
      ? 'Remote access keys are taken from now on.'
      : 'Remote access keys are refused from now on.';
    redirectWith(context, request, response, ['tokens'], done(sentence));
  });

  router.post('/tokens/revoke', async (request, response) => {
    const { principal } = visitOf(request);
    const { user, name } = tokenOf(principal, readForm(named, request));
    await tokens.revoke(user, name, principal);
    const sentence = `The token ${name} of ${user} is revoked. Whoever used it is refused from now on.`;
    redirectWith(context, request, response, ['tokens'], done(sentence));
  });
  return router;
}

const EMPTY: Fields = { name: '', privileges: [PRIVILEGES[0].name], expires: '', addresses: '' };

function privilegesFor(principal: Principal): object[] {
  return PRIVILEGES.filter(({ name }) => mayGive(principal, name));
}

function fieldsOf(token: Token): Fields {
  const { name, privileges, addresses = [] } = token;
  return { name, privileges, expires: expiryOf(token), addresses: addresses.join('\n') };
}

function sentFields(request: Request): Fields {
  const [name = '', expires = '', addresses = ''] = ['name', 'expires', 'addresses'].map((field) =>
    sentText(request, field),
  );
  return { name, privileges: sentTexts(request, 'privilege'), expires, addresses };
}

/** The day, UTC; empty where it does not expire. */
function expiryOf({ expiresAt }: Token): string {
  return expiresAt === undefined ? '' : new Date(expiresAt * 1_000).toISOString().slice(0, LENGTH_OF_DATE);
}
