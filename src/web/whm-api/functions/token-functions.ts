import {
  authorizeGiving,
  checkPrivileges,
  MANAGE_TOKENS,
  managesTokens,
  PRIVILEGES,
} from '../../../access/privileges.js';
import type { Principal } from '../../../access/principal.js';
import type { Token } from '../../../access/stored-token.js';
import type { TokenStore } from '../../../access/tokens.js';
import { ClusterError } from '../../../errors.js';
import { Answer, apiFunction, flag, many, text, whole, type ApiFunction } from '../api-function.js';

const privilege = MANAGE_TOKENS;
const DEPRECATED = 'Remote access keys are deprecated: an API token can be limited, can expire, and can be renamed.';

/** API tokens of the caller, and the remote access key, which came before them. Root may name another `user`. */
export const TOKEN_FUNCTIONS: Readonly<Record<string, ApiFunction>> = {
  api_token_create: apiFunction({
    summary: 'Make a token; its secret is in this answer and nowhere else',
    privilege,
    parameters: { token_name: text, acl: many(text), expires_at: whole.optional(), whitelist_ip: many(text) },
    run: async ({ token_name: name, acl, expires_at: expires, whitelist_ip: addresses }, { peer }, { tokens }) => {
      const privileges = acl.length === 0 ? peer.privileges : acl;
      if (acl.length > 0) checkPrivileges(name, acl);
      authorizeGiving(peer, privileges);
      const { user, kind } = peer;
      const wanted = { user, kind, name, privileges, expiresAt: expires || undefined, addresses: named(addresses) };
      const { secret, token } = await tokens.create(wanted, peer);
      return { token: secret, ...detailsOf(token) };
    },
  }),
  api_token_list: apiFunction({
    summary: 'The tokens of the caller',
    privilege,
    parameters: { user: text.optional() },
    run: ({ user }, { peer }, { tokens }) => ({
      tokens: Object.fromEntries(tokens.list(userOf(user, peer)).map((token) => [token.name, listed(token)])),
    }),
  }),
  api_token_update: apiFunction({
    summary: 'Rename a token, or change what it may do, until when and from where',
    privilege,
    parameters: {
      ...{ token_name: text, new_name: text.optional(), user: text.optional() },
      ...{ acl: many(text), expires_at: whole.optional(), whitelist_ip: many(text) },
    },
    run: async (given, { peer }, { tokens }) => {
      const user = userOf(given.user, peer);
      const { token_name: name, acl } = given;
      authorizeGiving(peer, tokenOf(tokens, user, name).privileges);
      if (acl.length > 0) checkPrivileges(name, acl);
      authorizeGiving(peer, acl);
      const change = {
        name: given.new_name,
        privileges: acl.length === 0 ? undefined : acl,
        expiresAt: given.expires_at === 0 ? null : given.expires_at,
        addresses: given.whitelist_ip.length === 0 ? undefined : named(given.whitelist_ip),
      };
      return detailsOf(await tokens.update(user, name, change, peer));
    },
  }),
  api_token_revoke: apiFunction({
    summary: 'Revoke tokens',
    privilege,
    parameters: { token_name: many(text), user: text.optional() },
    run: async ({ token_name: names, user }, { peer }, { tokens }) => {
      if (names.length === 0)
        throw new ClusterError('parameter_invalid', { parameter: 'token_name', why: 'is missing' });
      const owner = userOf(user, peer);
      for (const name of names) authorizeGiving(peer, tokenOf(tokens, owner, name).privileges);
      for (const name of names) await tokens.revoke(owner, name, peer);
      return {};
    },
  }),
  api_token_get_details: apiFunction({
    summary: 'One token, by its secret or by its name; every token may ask for itself',
    parameters: { token: text.optional(), token_name: text.optional() },
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
    summary: 'Make the remote access key of the caller, in place of the one before (deprecated: use a token)',
    privilege,
    parameters: {},
    run: async (_, { peer }, { tokens }) => {
      const { user, kind, privileges } = peer;
      return new Answer(DEPRECATED, { accesskey: await tokens.createAccessKey({ user, kind, privileges }, peer) });
    },
  }),
  revokeaccesskey: apiFunction({
    summary: 'Revoke the remote access key of the caller',
    privilege,
    parameters: { user: text.optional() },
    run: async ({ user }, { peer }, { tokens }) => {
      await tokens.revokeAccessKey(userOf(user, peer), peer);
      return {};
    },
  }),
  setaccesskeys: apiFunction({
    summary: 'Take remote access keys, or not, which is the default',
    privilege: 'all',
    parameters: { enabled: flag },
    run: async ({ enabled }, { peer }, { tokens }) => {
      if (peer.kind !== 'root') throw new ClusterError('privilege_missing', { privilege: 'root' });
      await tokens.setAccessKeys(enabled, peer);
      return new Answer(enabled ? DEPRECATED : 'OK', { enabled });
    },
  }),
};

/** Whose tokens: the caller's, or of the user that root names. */
function userOf(user: string | undefined, peer: Principal): string {
  if (user === undefined || user === peer.user) return peer.user;
  if (peer.kind !== 'root') throw new ClusterError('privilege_missing', { privilege: 'root' });
  return user;
}

function tokenOf(tokens: TokenStore, user: string, name: string): Token {
  const found = tokens.list(user).find((token) => token.name === name);
  if (found === undefined) {
    throw new ClusterError('token_unknown', { name: name.slice(0, 60), user: user.slice(0, 60) });
  }
  return found;
}

/** An empty value takes all addresses away. */
function named(addresses: readonly string[]): string[] {
  return addresses.map((address) => address.trim()).filter((address) => address !== '');
}

/** As the original answers for one token; `acls` are a list here and a table in `listed`. */
function detailsOf({ name, privileges, created, expiresAt, addresses }: Token): Readonly<Record<string, unknown>> {
  const create_time = Math.floor(Date.parse(created) / 1_000);
  return { name, acls: privileges, create_time, expires_at: expiresAt ?? null, whitelist_ips: addresses ?? null };
}

function listed(token: Token): object {
  const { lastUsed, privileges } = token;
  const known = PRIVILEGES.map(({ name }) => [name, privileges.includes(name) ? 1 : 0]);
  const last_used = lastUsed === undefined ? null : Math.floor(Date.parse(lastUsed) / 1_000);
  return { ...detailsOf(token), acls: Object.fromEntries(known) as object, last_used };
}
