import { z } from 'zod';
import {
  authorizeEnding,
  checkPrivileges,
  MANAGE_TOKENS,
  managesTokens,
  PRIVILEGES,
} from '../../../access/privileges.js';
import type { Principal } from '../../../access/principal.js';
import type { Token } from '../../../access/stored-token.js';
import type { WantedTerms } from '../../../access/token-terms.js';
import type { TokenStore } from '../../../access/tokens.js';
import { ClusterError } from '../../../errors.js';
import { apiFunction, flag, many, nothing, Reasoned, text, whole, type ApiFunction } from '../api-function.js';

const privilege = MANAGE_TOKENS;
const DEPRECATED = 'Remote access keys are deprecated: an API token can be limited, can expire, and can be renamed.';

/** Times in seconds since 1970. */
const tokenAnswer = z.object({
  name: z.string(),
  acls: z.array(z.string()),
  create_time: z.number(),
  expires_at: z.number().nullable(),
  whitelist_ips: z.array(z.string()).nullable(),
});
/** In a list `acls` says of every privilege whether it has it, as the original's. */
const listedToken = tokenAnswer.extend({
  acls: z.record(z.string(), z.literal([0, 1])),
  last_used: z.number().nullable(),
});

/** API tokens of the caller, and the remote access key, which came before them. Root may name another `user`. */
export const TOKEN_FUNCTIONS = {
  api_token_create: apiFunction({
    summary: 'Create a token; its secret is in this answer and nowhere else',
    privilege,
    parameters: { token_name: text, acl: many(text), expires_at: whole.optional(), whitelist_ip: many(text) },
    answer: tokenAnswer.extend({ token: z.string() }),
    run: async ({ token_name: name, acl, expires_at: expires, whitelist_ip: addresses }, { peer }, { tokens }) => {
      const privileges = acl.length === 0 ? peer.privileges : acl;
      if (acl.length > 0) checkPrivileges(name, acl);
      const { user, kind } = peer;
      const wanted = { user, kind, name, privileges, ...termsOf({ expires_at: expires, whitelist_ip: addresses }) };
      const { secret, token } = await tokens.create(wanted, peer);
      return { token: secret, ...detailsOf(token) };
    },
  }),
  api_token_list: apiFunction({
    summary: 'The tokens of the caller',
    privilege,
    parameters: { user: text.optional() },
    answer: z.object({ tokens: z.record(z.string(), listedToken) }),
    run: ({ user }, { peer }, { tokens }) => ({
      tokens: Object.fromEntries(tokens.list(userOf(user, peer)).map((token) => [token.name, listed(token)])),
    }),
  }),
  api_token_update: apiFunction({
    summary: 'Rename a token, or change its privileges, expiry and addresses',
    privilege,
    parameters: {
      token_name: text,
      new_name: text.optional(),
      user: text.optional(),
      acl: many(text),
      expires_at: whole.optional(),
      whitelist_ip: many(text),
    },
    answer: tokenAnswer,
    run: async (given, { peer }, { tokens }) => {
      const user = userOf(given.user, peer);
      const { token_name: name, acl } = given;
      if (acl.length > 0) checkPrivileges(name, acl);
      const change = { name: given.new_name, privileges: acl.length === 0 ? undefined : acl, ...termsOf(given) };
      return detailsOf(await tokens.update(user, name, change, peer));
    },
  }),
  api_token_revoke: apiFunction({
    summary: 'Revoke tokens',
    privilege,
    parameters: { token_name: many(text), user: text.optional() },
    answer: nothing,
    run: async ({ token_name: names, user }, { peer }, { tokens }) => {
      if (names.length === 0)
        throw new ClusterError('parameter_invalid', { parameter: 'token_name', why: 'is missing' });
      const owner = userOf(user, peer);
      for (const name of names) authorizeEnding(peer, tokenOf(tokens, owner, name, peer).privileges);
      for (const name of names) await tokens.revoke(owner, name, peer);
      return {};
    },
  }),
  api_token_get_details: apiFunction({
    summary: 'One token, by its secret or by its name; every token may ask for itself',
    privilege: null,
    parameters: { token: text.optional(), token_name: text.optional() },
    answer: tokenAnswer,
    run: ({ token: secret, token_name: name }, { peer }, { tokens }) => {
      const isOwn = (token: Token): boolean => 'token' in peer.via && token.name === peer.via.token;
      const found =
        secret === undefined
          ? tokens.list(peer.user).find((token) => token.name === name)
          : [tokens.holding(secret)].find((token) => token?.user === peer.user);
      if (found === undefined || (!isOwn(found) && !managesTokens(peer))) {
        throw new ClusterError('token_unknown', { user: peer.user, name: (name ?? '').slice(0, 60) });
      }
      return detailsOf(found);
    },
  }),
  createaccesskey: apiFunction({
    summary: 'Create the remote access key of the caller, replacing the present one (deprecated: use a token)',
    privilege,
    parameters: {},
    answer: z.object({ accesskey: z.string() }),
    run: async (_, { peer }, { tokens }) => {
      const { user, kind, privileges } = peer;
      return new Reasoned(DEPRECATED, { accesskey: await tokens.createAccessKey({ user, kind, privileges }, peer) });
    },
  }),
  revokeaccesskey: apiFunction({
    summary: 'Revoke the remote access key of the caller',
    privilege,
    parameters: { user: text.optional() },
    answer: nothing,
    run: async ({ user }, { peer }, { tokens }) => {
      await tokens.revokeAccessKey(userOf(user, peer), peer);
      return {};
    },
  }),
  setaccesskeys: apiFunction({
    summary: 'Allow remote access keys or not; they are off by default',
    privilege: 'all',
    parameters: { enabled: flag },
    answer: z.object({ enabled: z.boolean() }),
    run: async ({ enabled }, { peer }, { tokens }) => {
      if (peer.kind !== 'root') throw new ClusterError('privilege_missing', { privilege: 'root' });
      await tokens.setAccessKeys(enabled, peer);
      return new Reasoned(enabled ? DEPRECATED : 'OK', { enabled });
    },
  }),
} satisfies Readonly<Record<string, ApiFunction>>;

/** Whose tokens: the caller's, or of the user that root names. */
function userOf(user: string | undefined, peer: Principal): string {
  if (user === undefined || user === peer.user) return peer.user;
  if (peer.kind !== 'root') throw new ClusterError('privilege_missing', { privilege: 'root' });
  return user;
}

/** Root finds also those that ended with their user. Throws token_unknown. */
function tokenOf(tokens: TokenStore, user: string, name: string, by: Principal): Token {
  const listed = by.kind === 'root' ? tokens.list() : tokens.list(user);
  const found = listed.find((token) => token.user === user && token.name === name);
  if (found === undefined) {
    throw new ClusterError('token_unknown', { name: name.slice(0, 60), user: user.slice(0, 60) });
  }
  return found;
}

/** As they were asked for: 0 is never, and an empty value takes all addresses away. */
function termsOf(given: { expires_at?: number | undefined; whitelist_ip: readonly string[] }): WantedTerms {
  const { expires_at: expiresAt, whitelist_ip: addresses } = given;
  const named = addresses.map((address) => address.trim()).filter((address) => address !== '');
  return {
    expiresAt: expiresAt === 0 ? null : expiresAt,
    addresses: addresses.length === 0 ? undefined : named,
  };
}

function detailsOf({ name, privileges, created, expiresAt, addresses }: Token): z.input<typeof tokenAnswer> {
  return {
    name,
    acls: [...privileges],
    create_time: Math.floor(Date.parse(created) / 1_000),
    expires_at: expiresAt ?? null,
    whitelist_ips: addresses === undefined ? null : [...addresses],
  };
}

function listed(token: Token): z.input<typeof listedToken> {
  const { lastUsed, privileges } = token;
  const acls = Object.fromEntries(PRIVILEGES.map(({ name }) => [name, privileges.includes(name) ? 1 : 0] as const));
  return {
    ...detailsOf(token),
    acls,
    last_used: lastUsed === undefined ? null : Math.floor(Date.parse(lastUsed) / 1_000),
  };
}
