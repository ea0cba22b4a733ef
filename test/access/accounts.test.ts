import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Accounts } from '../../src/access/accounts.js';
import type { HostPanel } from '../../src/host/host-panel.js';
import { createLog } from '../../src/operations/log.js';

type Users = ReturnType<HostPanel['users']>;

const log = createLog({ level: 'silent' });
let folder: string;
let users: Users;
let open: Accounts[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'accounts-'));
  users = [];
  open = [];
});
afterEach(async () => {
  for (const one of open) await one.close();
  rmSync(folder, { recursive: true });
});

const reseller = (user: string, id?: string): Users[number] => ({ user, kind: 'reseller', ...(id && { id }) });

async function accounts(owners: readonly string[] = []): Promise<Accounts> {
  const one = await Accounts.open(join(folder, 'accounts.json'), { users: () => users, owners, log });
  open.push(one);
  return one;
}

describe('the account of a user', () => {
  test('is the name, until another user has it; the first one has it never again', async () => {
    users = [reseller('ann', 'a1'), reseller('bob', 'b1')];
    const first = await accounts();
    expect([first.of('ann'), first.of('bob')]).toEqual(['ann', 'bob']);
    users = [reseller('ann', 'a2'), reseller('bob', 'b1')];
    const second = first.of('ann');
    expect(second).not.toBe('ann');
    expect(first.of('bob')).toBe('bob');
    users = [reseller('ann', 'a3')];
    expect(new Set(['ann', second, first.of('ann')]).size).toBe(3);
  });

  test('stays over a restart, and over a time in which the host does not list the user', async () => {
    users = [reseller('ann', 'a1')];
    const one = await accounts();
    users = [reseller('ann', 'a2')];
    const account = one.of('ann');
    await one.close();
    const other = await accounts();
    expect(other.of('ann')).toBe(account);
    users = [reseller('bob')];
    expect(other.of('ann')).not.toBe(account);
    users = [reseller('ann', 'a2')];
    expect(other.of('ann')).toBe(account);
  });

  test('of a host without ids is another one when the host says that the user was removed, also after a restart', async () => {
    users = [reseller('ann')];
    const one = await accounts();
    expect(one.of('ann')).toBe('ann');
    await one.ended('ann');
    await one.close();
    expect((await accounts()).of('ann')).not.toBe('ann');
  });

  test('stays when a host that had no ids begins to have some', async () => {
    users = [reseller('ann')];
    const one = await accounts();
    expect(one.of('ann')).toBe('ann');
    users = [reseller('ann', 'a1')];
    expect(one.of('ann')).toBe('ann');
    users = [reseller('ann', 'a2')];
    expect(one.of('ann')).not.toBe('ann');
  });

  test('stays while the host can not say who its users are', async () => {
    users = [reseller('ann', 'a1')];
    const one = await accounts();
    users = [reseller('ann', 'a2')];
    const account = one.of('ann');
    users = [];
    expect(one.of('ann')).toBe(account);
    expect(one.shown()(account)).toEqual({ owner: 'ann' });
  });
});

describe('zones that are older than accounts', () => {
  test('belong to those of their owners who are users; who gets the name of another later has none of them', async () => {
    users = [reseller('ann', 'ann')];
    const one = await accounts(['ann', 'eve', 'root']);
    expect(one.of('ann')).toBe('ann');
    users = [reseller('ann', 'ann'), reseller('eve', 'e2'), reseller('new', 'n1')];
    expect(one.of('eve')).not.toBe('eve');
    // What histories of before say of a name nobody knows.
    expect(one.of('new')).not.toBe('new');
    expect(one.shown()('eve')).toEqual({ owner: 'eve', ownerRemoved: true });
    expect(one.shown()('root')).toEqual({ owner: 'root' });
  });

  test('stay with the last of a name where the list of accounts was lost', async () => {
    users = [reseller('ann', 'a3')];
    expect((await accounts(['ann', 'ann:2', 'bob:4'])).of('ann')).toBe('ann:2');
    users = [reseller('ann', 'a3'), reseller('bob', 'b9')];
    expect(open[0]?.of('bob')).toBe('bob:5');
  });
});

describe('who is no user of the host', () => {
  test('can not be named as an owner; root can', async () => {
    users = [reseller('ann', 'a1')];
    const one = await accounts();
    expect(one.named('ann')).toBe('ann');
    expect(one.named('root')).toBe('root');
    expect(() => one.named('nobodyhere')).toThrow(expect.objectContaining({ code: 'user_unknown' }));
  });

  test('makes nothing that a later user of the name gets', async () => {
    users = [reseller('ann', 'a1')];
    const one = await accounts();
    const ghost = one.of('eve');
    await one.ended('ann');
    users = [reseller('eve', 'e1')];
    const gone = one.of('ann');
    expect(one.of('eve')).not.toBe(ghost);
    users = [reseller('ann', 'a2')];
    expect(one.of('ann')).not.toBe(gone);
    expect(one.of('ann')).not.toBe('ann');
  });

  test('is written down only as long as needed: the file has one line of each name', async () => {
    for (let id = 0; id < 50; id++) {
      users = [reseller('ann', `a${id}`)];
      (open[0] ?? (await accounts())).of('ann');
    }
    await open[0]?.close();
    const kept = JSON.parse(readFileSync(join(folder, 'accounts.json'), 'utf8')) as { accounts: unknown[] };
    expect(kept.accounts).toHaveLength(1);
  });
});
