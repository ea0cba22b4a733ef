import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { hashPassword, passwordMatches } from '../../src/panel/password.js';
import { createLog } from '../../src/operations/log.js';
import { UserStore } from '../../src/panel/users.js';

const log = createLog({ level: 'silent' });
let folder: string;
let users: UserStore;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'users-'));
  users = await UserStore.open(join(folder, 'users.json'), log);
});
afterEach(async () => {
  await users.close();
  rmSync(folder, { recursive: true });
});

const PASSWORD = 'twelve letters or more';
const alice = { user: 'alice', kind: 'reseller' as const, privileges: ['clustering'] };

describe('a user', () => {
  test('is verified by the password only, also after a restart; the file holds a hash', async () => {
    await users.add(alice, PASSWORD);
    await users.close();
    users = await UserStore.open(join(folder, 'users.json'), log);
    expect(await users.verify('alice', PASSWORD)).toEqual(alice);
    expect(await users.verify('alice', PASSWORD + ' ')).toBeUndefined();
    expect(await users.verify('bob', PASSWORD)).toBeUndefined();
    expect(readFileSync(join(folder, 'users.json'), 'utf8')).not.toContain(PASSWORD);
  });

  test('never shows the hash of the password', async () => {
    await users.add(alice, PASSWORD);
    expect(users.find('alice')).toEqual(alice);
    expect(users.list()).toEqual([alice]);
  });

  test('whose password is changed has that one alone, also after a restart', async () => {
    await users.add(alice, PASSWORD);
    const mark = users.passwordMark('alice');
    await users.setPassword('alice', 'quite another one');
    expect(users.passwordMark('alice')).not.toBe(mark);
    await users.close();
    users = await UserStore.open(join(folder, 'users.json'), log);
    expect(await users.verify('alice', PASSWORD)).toBeUndefined();
    expect(await users.verify('alice', 'quite another one')).toEqual(alice);
    await expect(users.setPassword('alice', 'short')).rejects.toMatchObject({ code: 'user_invalid' });
    await expect(users.setPassword('bob', PASSWORD)).rejects.toMatchObject({ code: 'user_unknown' });
  });

  test('has an id that stays, and that a new user of the same name does not get', async () => {
    await users.add(alice, PASSWORD);
    const first = users.ids().get('alice');
    expect(first).toMatch(/^[0-9a-f-]{36}$/);
    await users.setPassword('alice', 'quite another one');
    await users.close();
    users = await UserStore.open(join(folder, 'users.json'), log);
    expect(users.ids().get('alice')).toBe(first);
    await users.remove('alice');
    expect(users.ids().has('alice')).toBe(false);
    await users.add(alice, PASSWORD);
    expect(users.ids().get('alice')).not.toBe(first);
  });

  test('of a file from before there were ids has the name as the id, and a new one of the name has not', async () => {
    await users.close();
    const kept = { ...alice, password: await hashPassword(PASSWORD) };
    writeFileSync(join(folder, 'users.json'), JSON.stringify({ users: [kept] }));
    users = await UserStore.open(join(folder, 'users.json'), log);
    expect(users.ids().get('alice')).toBe('alice');
    await users.remove('alice');
    await users.add(alice, PASSWORD);
    expect(users.ids().get('alice')).not.toBe('alice');
  });

  test('is removed, but not the last one who is root', async () => {
    await users.add(alice, PASSWORD);
    await users.add({ user: 'root', kind: 'root', privileges: ['all'] }, PASSWORD);
    await users.remove('alice');
    expect(users.list().map(({ user }) => user)).toEqual(['root']);
    await expect(users.remove('alice')).rejects.toMatchObject({ code: 'user_unknown' });
    await expect(users.remove('root')).rejects.toMatchObject({ code: 'user_last_root' });
    expect(await users.verify('root', PASSWORD)).toBeDefined();
  });

  test('of the same name can not be added twice, not even at the same moment', async () => {
    const both = await Promise.allSettled([users.add(alice, PASSWORD), users.add(alice, PASSWORD)]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(users.list()).toHaveLength(1);
  });

  test.each(['', 'Alice', '../alice', 'a b', 'a'.repeat(33), '1a', '<b>'])('is not called %j', async (user) => {
    await expect(users.add({ ...alice, user }, PASSWORD)).rejects.toMatchObject({ code: 'user_invalid', status: 422 });
  });

  test('has a password of 12 to 256 characters', async () => {
    await expect(users.add(alice, 'elevenchars')).rejects.toThrow('12 to 256');
    await expect(users.add(alice, 'x'.repeat(257))).rejects.toThrow('12 to 256');
  });

  test('root is listed first', async () => {
    await users.add(alice, PASSWORD);
    await users.add({ user: 'root', kind: 'root', privileges: ['all'] }, PASSWORD);
    expect(users.list().map(({ user }) => user)).toEqual(['root', 'alice']);
  });
});

describe('a password', () => {
  test('has a salt of its own in each hash', async () => {
    const [one, other] = [await hashPassword(PASSWORD), await hashPassword(PASSWORD)];
    expect(one.hash).not.toBe(other.hash);
    expect(await passwordMatches(PASSWORD, one)).toBe(true);
  });

  test('matches however the keyboard spells its letters', async () => {
    expect(await passwordMatches('cafe\u0301 au lait', await hashPassword('caf\u00e9 au lait'))).toBe(true);
  });

  test('of a user that does not exist takes as long as a wrong one', async () => {
    await users.add(alice, PASSWORD);
    const fastest = { alice: Infinity, nobody: Infinity };
    // In turn, so that a machine that is busy for a moment slows both.
    for (let run = 0; run < 5; run++) {
      for (const name of ['alice', 'nobody'] as const) {
        const start = performance.now();
        await users.verify(name, 'wrong password');
        fastest[name] = Math.min(fastest[name], performance.now() - start);
      }
    }
    const ratio = fastest.alice / fastest.nobody;
    expect(ratio).toBeGreaterThan(0.5);
    expect(ratio).toBeLessThan(2);
  });
});
