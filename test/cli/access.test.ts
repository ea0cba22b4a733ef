import { describe, expect, test } from 'vitest';
import { reseller } from '../cluster/zone-texts.js';
import { runningNode } from './running-node.js';

const web = runningNode();

describe('dnscluster tokens', () => {
  test('create prints the token alone, once, and it works', async () => {
    expect(await web.run(['tokens', 'list'])).toEqual({ status: 0, out: 'There are no tokens.\n', err: '' });
    const { status, out, err } = await web.run(['tokens', 'create', 'web1']);
    expect([status, err]).toEqual([0, 'The token web1 may do clustering. It is shown once:\n']);
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
