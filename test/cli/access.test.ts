import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { reseller } from '../cluster/zone-texts.js';
import { needs } from '../needs.js';
import { inTerminal } from './in-terminal.js';
import { runningNode } from './running-node.js';

const web = runningNode();

describe('dnscluster tokens', () => {
  test('create prints the token alone, once, and it works', async () => {
    expect(await web.run(['tokens', 'list'])).toEqual({ status: 0, out: 'There are no tokens.\n', err: '' });
    const { status, out, err } = await web.run(['tokens', 'create', 'web1']);
    expect([status, err]).toEqual([0, 'The token web1 has the privileges clustering. It is shown only once:\n']);
    expect(out).toMatch(/^\S{20,}\n$/);
    const elsewhere = ['--url', web.node.url, '--fingerprint', web.node.fingerprint];
    const env = { DNSCLUSTER_TOKEN: out.trim() };
    expect(await web.run(['status', ...elsewhere], { env })).toMatchObject({ status: 0 });
    // It may not make tokens itself.
    expect(await web.run(['tokens', 'create', 'more', ...elsewhere], { env })).toMatchObject({ status: 4 });
    const listed = await web.run(['tokens', 'list']);
    expect(listed.out).toMatch(/^TOKEN +PRIVILEGES +EXPIRES +FROM +USED\nweb1 +clustering +never +anywhere +\S+/);
    expect(listed.out).not.toContain(out.trim());
  });

  test('create takes an end, addresses and privileges', async () => {
    const terms = ['--privilege', 'clustering', 'manage-api-tokens', '--expires', '90d', '--address', '192.0.2.0/24'];
    const { status, said } = await web.json(['tokens', 'create', 'script', ...terms]);
    const inDays = Date.now() / 1_000 + 90 * 86_400;
    expect([status, said]).toEqual([
      0,
      expect.objectContaining({
        name: 'script',
        acls: ['clustering', 'manage-api-tokens'],
        whitelist_ips: ['192.0.2.0/24'],
      }),
    ]);
    expect(Math.abs((said as { expires_at: number }).expires_at - inDays)).toBeLessThan(600);
    expect((await web.run(['tokens', 'create', 'day', '--expires', '2199-01-31'])).err).toContain(
      'until 2199-01-31 00:00Z',
    );
  });

  test.each([
    ['a name of before', ['web1'], 1, /has a token of this name/],
    ['a name that is none', ['a b'], 1, /1 to 50 letters/],
    ['an end that is past', ['old', '--expires', '2001-01-01'], 1, /is past/],
    ['an end that is none', ['old', '--expires', 'soon'], 2, /2027-01-31, 90d/],
    ['an unknown privilege', ['x', '--privilege', 'mail'], 2, /clustering, manage-api-tokens, all/],
    ['no name', [], 2, /name/],
  ])('create refuses %s', async (_, args, code, why) => {
    const { status, out, err } = await web.run(['tokens', 'create', ...args]);
    expect([status, out, err]).toEqual([code, '', expect.stringMatching(why)]);
  });

  test('list and revoke: also those of a user; revoke asks before', async () => {
    const { user, kind } = reseller('ann');
    await web.node.plugin.tokens.create({ user, kind, name: 'own', privileges: ['clustering'] });
    expect(await web.json(['tokens', 'list', '--user', 'ann'])).toMatchObject({ status: 0, said: [{ name: 'own' }] });
    expect(await web.run(['tokens', 'revoke', 'own', '--user', 'ann'])).toMatchObject({ status: 2 });
    expect(web.node.plugin.tokens.list('ann')).toHaveLength(1);
    expect(await web.run(['tokens', 'revoke', 'own', '--user', 'ann', '--yes'])).toMatchObject({ status: 0 });
    expect(web.node.plugin.tokens.list('ann')).toEqual([]);
    const all = await web.json(['tokens', 'revoke', 'web1', 'script', 'day', '--yes']);
    expect(all).toEqual({ status: 0, said: { revoked: ['web1', 'script', 'day'] } });
    expect(await web.run(['tokens', 'revoke', 'web1', '--yes'])).toMatchObject({
      status: 1,
      err: expect.stringContaining('no token "web1"') as string,
    });
  });
});

const PASSWORD = 'twelve letters or more';

describe('dnscluster users', () => {
  test('add: with a password that comes in, or is made; never from the command line', async () => {
    expect(await web.run(['users', 'list'])).toEqual({ status: 0, out: 'There are no users yet.\n', err: '' });
    const added = await web.run(['users', 'add', 'root', '--root', '--password-file', '-'], { input: `${PASSWORD}\n` });
    expect(added).toEqual({ status: 0, out: '', err: 'root may log in now.\n' });
    expect(await web.node.users.verify('root', PASSWORD)).toEqual({ user: 'root', kind: 'root', privileges: ['all'] });

    const made = await web.run(['users', 'add', 'ann', '--privilege', 'clustering', '--generate']);
    expect(made).toMatchObject({ status: 0, out: expect.stringMatching(/^([a-z0-9]{6}-){3}[a-z0-9]{6}\n$/) as string });
    expect(await web.node.users.verify('ann', made.out.trim())).toMatchObject({ privileges: ['clustering'] });
    expect(await web.run(['users', 'add', 'bob', '--password', PASSWORD])).toMatchObject({ status: 2 });
    expect(await web.run(['users', 'add', 'bob'])).toMatchObject({
      status: 2,
      err: expect.stringContaining('--password-file') as string,
    });
    expect((await web.run(['users', 'list'])).out).toBe(
      'USER  KIND      PRIVILEGES\nroot  root      all\nann   reseller  clustering\n',
    );
  });

  test.each([
    ['a short password', ['bob', '--password-file', '-'], 'short', 1, /12 to 256/],
    ['an empty one', ['bob', '--password-file', '-'], '\n', 2, /Standard input: the first line is empty/],
    ['a name of before', ['ann', '--generate'], '', 1, /a user of this name already/],
    ['a name that is none', ['Bob', '--generate'], '', 1, /small letters/],
    ['a privilege that there is not', ['bob', '--generate', '--privilege', 'all'], '', 1, /must be one of clustering/],
  ])('add refuses %s', async (_, args, input, code, why) => {
    const { status, out, err } = await web.run(['users', 'add', ...args], { input });
    expect([status, out, err]).toEqual([code, '', expect.stringMatching(why)]);
  });

  test('password: changes it, and says so to programs', async () => {
    const { status, said } = await web.json(['users', 'password', 'ann', '--generate']);
    expect([status, said]).toEqual([0, { user: 'ann', password: expect.any(String) as string }]);
    expect(await web.node.users.verify('ann', (said as { password: string }).password)).toBeDefined();
    expect(await web.run(['users', 'password', 'nobody', '--generate'])).toMatchObject({ status: 1 });
  });

  test.skipIf(!needs('script'))('a person types it twice, and it is not shown', async () => {
    const args = ['users', 'password', 'root', '--folder', web.folder];
    const twice = (once: string, again: string): Promise<{ status: number | null; shown: string }> =>
      inTerminal(web.program, args, {
        steps: [
          ['New password', `${once}\r`],
          ['Repeat it', `${again}\r`],
        ],
      });
    const other = await twice('a quite long one', 'another long one');
    expect([other.status, other.shown]).toEqual([2, expect.stringContaining('two passwords differ')]);
    expect(await web.node.users.verify('root', PASSWORD)).toBeDefined();
    const same = await twice('a quite lonG\x7fg one', 'a quite long one');
    expect([same.status, same.shown]).toEqual([0, expect.stringContaining('root has a new password.')]);
    expect(same.shown).not.toContain('quite');
    expect(await web.node.users.verify('root', 'a quite long one')).toBeDefined();
  });

  test('remove: asks before, revokes the tokens of the user, and never takes the last root', async () => {
    const { user, kind } = reseller('ann');
    await web.node.plugin.tokens.create({ user, kind, name: 'own', privileges: ['clustering'] });
    expect(await web.run(['users', 'remove', 'ann'])).toMatchObject({ status: 2 });
    expect(web.node.users.find('ann')).toBeDefined();
    expect(await web.run(['users', 'remove', 'ann', '--yes'])).toMatchObject({
      status: 0,
      out: 'ann was removed. Revoked tokens: own.\n',
    });
    expect(web.node.plugin.tokens.list('ann')).toEqual([]);
    expect(web.node.users.find('ann')).toBeUndefined();
    const last = await web.run(['users', 'remove', 'root', '--yes']);
    expect([last.status, last.err]).toEqual([1, expect.stringContaining('nobody could log in as root')]);
  });

  test('what was done with users is in the audit log, without a password', () => {
    const log = readFileSync(`${web.folder}/dns-cluster/audit.log`, 'utf8');
    for (const action of ['addUser', 'setPassword', 'removeUser']) expect(log).toContain(action);
    expect(log).not.toContain(PASSWORD);
  });
});
