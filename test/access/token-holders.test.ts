import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { HostUsers } from '../../src/access/token-holders.js';
import { TokenStore } from '../../src/access/tokens.js';
import { AuditLog } from '../../src/operations/audit-log.js';
import { endedTokens } from '../../src/notifications/server-problems.js';
import { createLog } from '../../src/operations/log.js';

const log = createLog({ level: 'silent' });
const bob = { user: 'bob', kind: 'reseller', name: 'web1', privileges: ['clustering'] } as const;
type Listed = ReturnType<HostUsers['users']>[number];
const ROOT_USER: Listed = { user: 'root', kind: 'root' };
const BOB: Listed = { user: 'bob', kind: 'reseller' };

let folder: string;
let users: Listed[] | Error;
let held: Record<string, string[]>;
let tokens: TokenStore;
const host: HostUsers = {
  users() {
    if (users instanceof Error) throw users;
    return users;
  },
  privileges: (user) => held[user],
};
const open = (): Promise<TokenStore> => TokenStore.open(join(folder, 'tokens.json'), { log, users: host });
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holders-'));
  users = [ROOT_USER, BOB];
  held = {};
  tokens = await open();
});
afterEach(async () => {
  await tokens.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('a token whose user the host has no more', () => {
  test('is refused at its next use, and stays so for a new user of that name, also after a restart', async () => {
    const { secret } = await tokens.create(bob);
    users = [ROOT_USER];
    expect(tokens.verify('bob', secret)).toBeUndefined();
    users = [ROOT_USER, BOB];
    expect(tokens.verify('bob', secret)).toBeUndefined();
    await tokens.close();
    tokens = await open();
    expect(tokens.verify('bob', secret)).toBeUndefined();
  });

  test('ends without being used, when the host is looked at, and is named to root', async () => {
    const { secret } = await tokens.create(bob);
    await tokens.create({ ...bob, user: 'root', kind: 'root' });
    expect(endedTokens(await tokens.endGone())).toEqual([]);
    users = [ROOT_USER];
    const [problem, ...others] = endedTokens(await tokens.endGone());
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ key: 'ended bob', text: expect.stringMatching(/1 \(web1\)/) as string });
    users = [ROOT_USER, BOB];
    expect(tokens.verify('bob', secret)).toBeUndefined();
    await tokens.revoke('bob', 'web1');
    expect(endedTokens(await tokens.endGone())).toEqual([]);
  });

  test('is in no list of the next user of that name, and takes no name from them', async () => {
    const old = await tokens.create(bob);
    users = [ROOT_USER];
    await tokens.endGone();
    users = [ROOT_USER, BOB];
    expect(tokens.list('bob')).toEqual([]);
    expect(tokens.list()).toMatchObject([{ user: 'bob', ended: expect.any(String) as string }]);
    expect(tokens.holding(old.secret)).toBeUndefined();
    const { secret } = await tokens.create(bob);
    expect(tokens.verify('bob', secret)?.user).toBe('bob');
    expect(tokens.verify('bob', old.secret)).toBeUndefined();
  });

  test('is so by the lasting id of the user, too', async () => {
    users = [ROOT_USER, { ...BOB, id: 'first' }];
    const { secret } = await tokens.create(bob);
    expect(tokens.verify('bob', secret)?.user).toBe('bob');
    users = [ROOT_USER, { ...BOB, id: 'second' }];
    expect(tokens.verify('bob', secret)).toBeUndefined();
  });

  test('made before the host had ids is bound to the id that its user got', async () => {
    const { secret } = await tokens.create(bob);
    users = [ROOT_USER, { ...BOB, id: 'first' }];
    await tokens.endGone();
    expect(tokens.verify('bob', secret)?.user).toBe('bob');
    users = [ROOT_USER, { ...BOB, id: 'second' }];
    expect(tokens.verify('bob', secret)).toBeUndefined();
  });

  test('is in the audit log as ended, and is forgotten after some weeks', async () => {
    const audit = new AuditLog(join(folder, 'audit.log'), log);
    const watched = await TokenStore.open(join(folder, 'watched.json'), { log, audit, users: host });
    await watched.create(bob);
    users = [ROOT_USER];
    await watched.endGone();
    expect(await audit.latest(1)).toMatchObject([{ user: 'root', action: 'endToken', target: 'bob web1' }]);
    expect(await watched.endGone(Date.now() + 31 * 24 * 3600_000)).toEqual([]);
    expect(watched.list()).toEqual([]);
    await watched.close();
    await audit.close();
  });

  test('a remote access key ends with its user, too', async () => {
    await tokens.setAccessKeys(true);
    const key = await tokens.createAccessKey(bob);
    users = [ROOT_USER];
    expect(tokens.verify('bob', key)).toBeUndefined();
    users = [ROOT_USER, BOB];
    expect(tokens.verify('bob', key)).toBeUndefined();
    expect(tokens.accessKeyMade('bob')).toBeUndefined();
  });
});

describe('a host that can not say who its users are', () => {
  test.each([new Error('the database is away'), []])(
    '(%s) ends no token; they are refused until it can',
    async (answer) => {
      const { secret } = await tokens.create(bob);
      users = answer;
      expect(tokens.verify('bob', secret)).toBeUndefined();
      expect(await tokens.endGone()).toEqual([]);
      users = [ROOT_USER, BOB];
      expect(tokens.verify('bob', secret)?.user).toBe('bob');
    },
  );

  test('or what a user may, has the token refused', async () => {
    const failing = await TokenStore.open(join(folder, 'failing.json'), {
      log,
      users: {
        users: () => [BOB],
        privileges: () => {
          throw new Error('the database is away');
        },
      },
    });
    const { secret } = await failing.create(bob);
    expect(failing.verify('bob', secret)).toBeUndefined();
    await failing.close();
  });

  test('still lets the root of this machine in', async () => {
    const { secret } = await tokens.create({ ...bob, user: 'root', kind: 'root', privileges: ['all'] });
    users = [BOB];
    expect(tokens.verify('root', secret)).toMatchObject({ kind: 'root', privileges: ['all'] });
  });
});

describe('privileges that a user loses in the host', () => {
  test.each([
    [['clustering', 'manage-api-tokens'], ['clustering'], ['clustering', 'manage-api-tokens']],
    [['clustering', 'manage-api-tokens'], [], []],
    [['clustering'], ['other'], []],
    [['all'], ['clustering'], ['clustering', 'manage-api-tokens']],
    [['all'], ['all'], ['all']],
    [['clustering'], ['all'], ['clustering']],
    [['manage-api-tokens'], ['clustering'], ['manage-api-tokens']],
  ])('reach a token with %j at once: of %j it keeps %j', async (given, has, keeps) => {
    held = { bob: ['all'] };
    const { secret } = await tokens.create({ ...bob, privileges: given });
    expect(tokens.verify('bob', secret)?.privileges).toEqual(given);
    held = { bob: has };
    expect(tokens.verify('bob', secret)?.privileges).toEqual(keeps);
  });

  test('root who became a reseller has tokens of a reseller, and one who became root gets none of root', async () => {
    users = [ROOT_USER, { user: 'bob', kind: 'root' }];
    const ofRoot = await tokens.create({ ...bob, kind: 'root', privileges: ['all'] });
    users = [ROOT_USER, BOB];
    expect(tokens.verify('bob', ofRoot.secret)).toMatchObject({
      kind: 'reseller',
      privileges: ['clustering', 'manage-api-tokens'],
    });
    const ofBob = await tokens.create({ ...bob, name: 'own' });
    users = [ROOT_USER, { user: 'bob', kind: 'root' }];
    expect(tokens.verify('bob', ofBob.secret)).toMatchObject({ kind: 'reseller', privileges: ['clustering'] });
  });
});

test('asking a host with 10,000 users takes a few milliseconds at most', async () => {
  users = [ROOT_USER, ...Array.from({ length: 10_000 }, (_, i): Listed => ({ user: `u${i}`, kind: 'reseller' })), BOB];
  const { secret } = await tokens.create(bob);
  const start = performance.now();
  for (let i = 0; i < 100; i++) expect(tokens.verify('bob', secret)?.user).toBe('bob');
  expect(performance.now() - start).toBeLessThan(2_000);
});

describe('the tokens of one account', () => {
  test('are 200 at most, and stop neither root nor another account', async () => {
    users = [ROOT_USER, BOB, { user: 'ann', kind: 'reseller' }];
    for (let i = 0; i < 200; i++) await tokens.create({ ...bob, name: `t${i}` });
    await expect(tokens.create(bob)).rejects.toThrow(/bob has 200 tokens, more are not allowed; revoke some/);
    await tokens.create({ ...bob, user: 'ann' });
    for (let i = 0; i < 201; i++) await tokens.create({ ...bob, user: 'root', kind: 'root', name: `t${i}` });
    await tokens.revoke('bob', 't0');
    await tokens.create(bob);
  });
});
