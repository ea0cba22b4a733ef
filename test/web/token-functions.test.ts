import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { trustTokens } from '../../src/access/trust-tokens.js';
import { ApiServer } from './api-server.js';
import { scratchCluster } from '../cluster/lone-cluster.js';

interface Answer {
  metadata: { result: number; reason: string };
  data: Record<string, unknown>;
}

let api: ApiServer;
let end: () => Promise<void>;
/** Values of the Authorization header: of root's `all`, of root's `clustering`, of a reseller that manages tokens. */
let all: string;
let peer: string;
let ann: string;
beforeAll(async () => {
  const lone = await scratchCluster();
  end = lone.end;
  api = await ApiServer.start(lone.cluster);
  const made = async (user: string, name: string, privileges: string[]): Promise<string> => {
    const kind = user === 'root' ? 'root' : 'reseller';
    return `whm ${user}:${(await api.tokens.create({ user, kind, name, privileges })).secret}`;
  };
  all = await made('root', 'admin', ['all']);
  peer = `whm root:${api.secret}`;
  ann = await made('ann', 'own', ['clustering', 'manage-api-tokens']);
});
afterAll(async () => {
  await api.stop();
  await end();
});

async function call(name: string, query: string, authorization = all): Promise<Answer> {
  const target = `http://127.0.0.1:${api.port}/json-api/${name}?api.version=1&${query}`;
  const answer = await fetch(target, { headers: { authorization } });
  expect(answer.status).toBe(200);
  return (await answer.json()) as Answer;
}
const privileges = async (authorization: string): Promise<unknown> =>
  (await call('myprivs', '', authorization)).data['privileges'];

describe('api_token_create', () => {
  test('answers as the original does, and the token works with what it was given', async () => {
    const expires = Math.floor(Date.now() / 1_000) + 3_600;
    const { data } = await call(
      'api_token_create',
      `token_name=acme&acl-1=clustering&expires_at=${expires}&whitelist_ip-0=127.0.0.1&whitelist_ip-1=2001:db8::/32`,
    );
    expect(data).toEqual({
      token: expect.stringMatching(/^[\w-]{43}$/) as string,
      name: 'acme',
      acls: ['clustering'],
      create_time: expect.any(Number) as number,
      expires_at: expires,
      whitelist_ips: ['127.0.0.1', '2001:db8::/32'],
    });
    expect(await privileges(`whm root:${String(data['token'])}`)).toEqual([{ clustering: 1 }]);
  });

  test('without acl gives what the caller has; expires_at=0 is never', async () => {
    const { data } = await call('api_token_create', 'token_name=like-me&expires_at=0', ann);
    expect(data).toMatchObject({ acls: ['clustering', 'manage-api-tokens'], expires_at: null, whitelist_ips: null });
  });

  test.each([
    ['token_name=a%20b', /1 to 50 letters/],
    ['token_name=x&acl=everything', /there is no privilege "everything"/],
    ['token_name=x&expires_at=5', /its time of expiry is past/],
    ['token_name=x&expires_at=tomorrow', /expires_at must be a whole number/],
    ['token_name=x&whitelist_ip=ns1', /"ns1" is no address or range/],
    ['acl=clustering', /token_name is missing/],
  ])('of %s is refused with a sentence, and nothing is made', async (query, sentence) => {
    const before = api.tokens.list();
    const { metadata } = await call('api_token_create', query);
    expect(metadata).toMatchObject({ result: 0, reason: expect.stringMatching(sentence) as string });
    expect(api.tokens.list()).toHaveLength(before.length);
  });
});

describe('nobody gives more than they have', () => {
  test('a token of a peer makes, lists, changes and revokes none', async () => {
    const before = api.tokens.list();
    for (const [name, query] of [
      ['api_token_create', 'token_name=mine&acl=clustering'],
      ['api_token_list', ''],
      ['api_token_update', 'token_name=admin&new_name=x'],
      ['api_token_revoke', 'token_name=admin'],
      ['createaccesskey', ''],
      ['setaccesskeys', 'enabled=1'],
    ] as const) {
      expect((await call(name, query, peer)).metadata, name).toMatchObject({
        result: 0,
        reason: expect.stringMatching(/required privileges \((manage-api-tokens|all)\)/) as string,
      });
    }
    expect(api.tokens.list().map(({ name }) => name)).toEqual(before.map(({ name }) => name));
  });

  test('a token that manages tokens makes and changes none that can do more than itself', async () => {
    const { data } = await call('api_token_create', 'token_name=minter&acl=manage-api-tokens');
    const minter = `whm root:${String(data['token'])}`;
    for (const [name, query] of [
      ['api_token_create', 'token_name=more&acl=all'],
      ['api_token_create', 'token_name=more&acl=clustering'],
      ['api_token_update', 'token_name=minter&acl=all'],
      // Longer or from elsewhere is more, too.
      ['api_token_update', 'token_name=admin&expires_at=0'],
      ['api_token_revoke', 'token_name=admin'],
    ] as const) {
      expect((await call(name, query, minter)).data, name).toMatchObject({ code: 'privilege_missing' });
    }
    expect(api.tokens.list('root').map(({ name }) => name)).toContain('admin');
    expect((await call('api_token_create', 'token_name=same', minter)).data).toMatchObject({
      acls: ['manage-api-tokens'],
    });
  });

  test('a reseller sees and changes own tokens only, and says so of others', async () => {
    const { data } = await call('api_token_list', '', ann);
    expect(Object.keys(data['tokens'] as object).sort()).toEqual(['like-me', 'own']);
    for (const name of ['api_token_list', 'api_token_update', 'api_token_revoke', 'revokeaccesskey']) {
      const answer = await call(name, 'user=root&token_name=admin', ann);
      expect(answer.data, name).toMatchObject({ code: 'privilege_missing' });
    }
    expect((await call('api_token_revoke', 'token_name=admin', ann)).data).toMatchObject({ code: 'token_unknown' });
  });
});

describe('a token with an end and addresses', () => {
  const soon = Math.floor(Date.now() / 1_000) + 3_600;
  let limited: string;
  beforeAll(async () => {
    const wanted = `token_name=limited&acl-1=clustering&acl-2=manage-api-tokens&expires_at=${soon}&whitelist_ip=127.0.0.0/8`;
    limited = `whm root:${String((await call('api_token_create', wanted)).data['token'])}`;
  });

  test('makes tokens with its own limits, or narrower ones', async () => {
    const { data } = await call('api_token_create', 'token_name=child', limited);
    expect(data).toMatchObject({ expires_at: soon, whitelist_ips: ['127.0.0.0/8'] });
    const narrower = `token_name=narrow&expires_at=${soon - 60}&whitelist_ip=127.0.0.1`;
    expect((await call('api_token_create', narrower, limited)).data).toMatchObject({
      expires_at: soon - 60,
      whitelist_ips: ['127.0.0.1'],
    });
  });

  test.each([
    'expires_at=0',
    `expires_at=${soon + 1}`,
    'whitelist_ip=',
    'whitelist_ip=126.0.0.0/7',
    'whitelist_ip-1=127.0.0.1&whitelist_ip-2=::/0',
  ])('makes and changes none with %s', async (wider) => {
    await call('api_token_create', 'token_name=target', limited);
    const before = api.tokens.list();
    for (const name of ['api_token_create', 'api_token_update']) {
      const target = name === 'api_token_create' ? 'wide' : 'target';
      expect((await call(name, `token_name=${target}&${wider}`, limited)).data).toMatchObject({
        code: 'token_too_wide',
      });
    }
    expect(api.tokens.list().map(({ lastUsed: _, ...token }) => token)).toEqual(
      before.map(({ lastUsed: _, ...token }) => token),
    );
  });

  test('takes over none that goes on for longer, by renaming it', async () => {
    await call('api_token_create', 'token_name=endless&acl=clustering');
    const renamed = await call('api_token_update', 'token_name=endless&new_name=mine', limited);
    expect(renamed.data).toMatchObject({ code: 'token_too_wide' });
  });

  test('changes nothing of itself', async () => {
    for (const change of ['expires_at=0', 'whitelist_ip=', 'new_name=free', `expires_at=${soon}`, 'acl=clustering']) {
      const answer = await call('api_token_update', `token_name=limited&${change}`, limited);
      expect(answer.data, change).toMatchObject({ code: 'token_is_caller' });
    }
  });

  test('passes its limits on to the tokens for reverse trust', async () => {
    const principal = api.tokens.verify('root', limited.split(':')[1] ?? '', '127.0.0.1');
    if (principal === undefined) throw new Error('the token is refused');
    await trustTokens(api.tokens).issue('trust', principal);
    expect(api.tokens.list('root').find(({ name }) => name === 'trust')).toMatchObject({
      privileges: ['clustering'],
      expiresAt: soon,
      addresses: ['127.0.0.0/8'],
    });
  });
});

describe('api_token_list, _update and _revoke', () => {
  test('list with a table of privileges and the last use', async () => {
    const { data } = await call('api_token_list', '');
    const { admin } = data['tokens'] as Record<string, Record<string, unknown>>;
    expect(admin).toMatchObject({
      name: 'admin',
      acls: { all: 1, clustering: 0 },
      expires_at: null,
      last_used: expect.any(Number) as number,
    });
    expect(Object.keys((await call('api_token_list', 'user=ann')).data['tokens'] as object)).toContain('own');
  });

  test('rename, limit and free a token; its secret stays', async () => {
    const { data } = await call('api_token_create', 'token_name=old&acl=clustering');
    const secret = `whm root:${String(data['token'])}`;
    const limited = await call('api_token_update', 'token_name=old&new_name=new&whitelist_ip=192.0.2.1');
    expect(limited.data).toMatchObject({ name: 'new', acls: ['clustering'], whitelist_ips: ['192.0.2.1'] });
    const refused = await fetch(`http://127.0.0.1:${api.port}/json-api/version`, {
      headers: { authorization: secret },
    });
    expect(refused.status).toBe(403);
    const freed = await call('api_token_update', 'token_name=new&whitelist_ip=');
    expect(freed.data).toMatchObject({ whitelist_ips: null });
    expect(await privileges(secret)).toEqual([{ clustering: 1 }]);
  });

  test('revoke several at once, or none where one is not there', async () => {
    for (const name of ['r1', 'r2']) await call('api_token_create', `token_name=${name}&acl=clustering`);
    expect((await call('api_token_revoke', 'token_name-1=r1&token_name-2=r9')).data).toMatchObject({
      code: 'token_unknown',
    });
    expect(api.tokens.list('root').map(({ name }) => name)).toEqual(expect.arrayContaining(['r1', 'r2']));
    expect((await call('api_token_revoke', 'token_name-1=r1&token_name-2=r2')).metadata.result).toBe(1);
    expect(api.tokens.list('root').map(({ name }) => name)).not.toContain('r1');
  });
});

describe('api_token_get_details', () => {
  test('tells every token about itself, by its secret, as a remote server asks', async () => {
    const { data } = await call('api_token_get_details', `token=${api.secret}`, peer);
    expect(data).toMatchObject({ name: 'peer', acls: ['clustering'], expires_at: null });
  });

  test('tells nobody about others’ tokens, and a peer not about its user’s', async () => {
    const secretOf = (authorization: string): string => authorization.split(':')[1] ?? '';
    for (const [query, as] of [
      [`token=${secretOf(all)}`, peer],
      [`token=${secretOf(all)}`, ann],
      ['token_name=admin', ann],
      ['token_name=admin', peer],
      ['token=unknown', all],
      ['', all],
    ] as const) {
      expect((await call('api_token_get_details', query, as)).data, query).toMatchObject({ code: 'token_unknown' });
    }
    expect((await call('api_token_get_details', 'token_name=peer')).data).toMatchObject({ name: 'peer' });
  });
});

describe('remote access keys', () => {
  test('that hold all are neither revoked nor replaced with a token that does not', async () => {
    await call('setaccesskeys', 'enabled=1');
    const key = String((await call('createaccesskey', '')).data['accesskey']).replaceAll('\n', '');
    const wanted = `token_name=keys&acl=manage-api-tokens&expires_at=${Math.floor(Date.now() / 1_000) + 600}`;
    const { data } = await call('api_token_create', wanted);
    const minter = `whm root:${String(data['token'])}`;
    for (const name of ['createaccesskey', 'revokeaccesskey'])
      expect((await call(name, '', minter)).data, name).toMatchObject({ code: 'privilege_missing' });
    expect(await privileges(`WHM root:${key}`)).toMatchObject([{ all: 1 }]);
    await call('revokeaccesskey', '');
    await call('createaccesskey', '', minter);
    const made = String((await call('createaccesskey', '', minter)).data['accesskey']).replaceAll('\n', '');
    expect(api.tokens.verify('root', made, '127.0.0.1')).toMatchObject({
      privileges: ['manage-api-tokens'],
      limits: { expiresAt: data['expires_at'] },
    });
    await call('revokeaccesskey', '');
    await call('setaccesskeys', 'enabled=0');
  });

  test('are off until root turns them on, are said to be deprecated, and work in the WHM scheme', async () => {
    expect((await call('createaccesskey', '', ann)).metadata.reason).toMatch(/Remote access keys are off/);
    expect((await call('setaccesskeys', 'enabled=1', ann)).metadata.result).toBe(0);
    expect((await call('setaccesskeys', 'enabled=1')).metadata.reason).toMatch(/deprecated/);
    const { metadata, data } = await call('createaccesskey', '', ann);
    expect(metadata.reason).toMatch(/deprecated/);
    const key = String(data['accesskey']).replaceAll('\n', '');
    expect(key).toMatch(/^[0-9a-f]{928}$/);
    expect(await privileges(`WHM ann:${key}`)).toEqual([{ clustering: 1, 'manage-api-tokens': 1 }]);
    await call('setaccesskeys', 'enabled=0');
    const refused = await fetch(`http://127.0.0.1:${api.port}/json-api/version`, {
      headers: { authorization: `WHM ann:${key}` },
    });
    expect(refused.status).toBe(403);
  });
});
