import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startPages, type Browser, type Page, type PagesServer } from './pages-server.js';

let pages: PagesServer;
let root: Browser;
let alice: Browser;
beforeAll(async () => {
  pages = await startPages();
  [root, alice] = [await pages.browser('root'), await pages.browser('alice')];
});
afterAll(() => pages.close());

const secretOn = (page: Page): string => /<code class="secret"[^>]*>([^<]+)<\/code>/.exec(page.html)?.[1] ?? '';

describe('creating a token', () => {
  test('shows its secret in that one answer, and the secret works', async () => {
    const page = await root.post('/tokens', { name: 'web1', privilege: 'clustering' });
    expect(page.status).toBe(200);
    const secret = secretOn(page);
    expect(pages.tokens.verify('root', secret)).toMatchObject({ user: 'root', privileges: ['clustering'] });
    const list = await root.get('/tokens');
    expect(list.html).toContain('web1');
    expect(list.html).not.toContain(secret);
  });

  test.each([
    [{ name: '', privilege: 'clustering' }],
    [{ name: 'x'.repeat(300), privilege: 'clustering' }],
    [{ name: 'odd', privilege: 'everything' }],
    [{ name: 'none' }],
  ])('with %j is refused with a sentence', async (fields: Record<string, string>) => {
    const before = pages.tokens.list().length;
    const page = await root.post('/tokens', fields);
    expect(page.status).toBeGreaterThanOrEqual(400);
    expect(page.html).toContain('role="alert"');
    expect(pages.tokens.list()).toHaveLength(before);
  });

  test('of a name with markup shows it as text', async () => {
    const evil = '<img src=x onerror=alert(1)>';
    const answers = [await root.post('/tokens', { name: evil, privilege: 'clustering' }), await root.get('/tokens')];
    for (const { html } of answers) expect(html).not.toContain('<img');
  });
});

describe('a reseller', () => {
  test('sees own tokens only', async () => {
    await root.post('/tokens', { name: 'of-root', privilege: 'clustering' });
    await alice.post('/tokens', { name: 'of-alice', privilege: 'clustering' });
    const { html } = await alice.get('/tokens');
    expect(html).toContain('of-alice');
    expect(html).not.toContain('of-root');
    expect((await root.get('/tokens')).html).toContain('of-alice');
  });

  test('gives a token no privilege that a reseller does not have', async () => {
    const page = await alice.post('/tokens', { name: 'mighty', privilege: 'all' });
    expect(page.status).toBe(403);
    expect(secretOn(page)).toBe('');
    expect(pages.tokens.list('alice').map(({ privileges }) => privileges)).toEqual([['clustering']]);
  });

  test('can not revoke a token of root', async () => {
    const page = await alice.post('/tokens/revoke', { user: 'root', name: 'of-root' });
    expect(page.status).toBe(403);
    expect(pages.tokens.list('root').map(({ name }) => name)).toContain('of-root');
  });
});

describe('revoking a token', () => {
  test('makes it worth nothing at once, and says so', async () => {
    const secret = secretOn(await alice.post('/tokens', { name: 'short-lived', privilege: 'clustering' }));
    expect(pages.tokens.verify('alice', secret)).toBeDefined();
    const answer = await alice.post('/tokens/revoke', { user: 'alice', name: 'short-lived' });
    expect(answer.status).toBe(303);
    expect((await alice.get(answer.location)).html).toContain('The token short-lived of alice is revoked.');
    expect(pages.tokens.verify('alice', secret)).toBeUndefined();
  });

  test('that does not exist is an error page', async () => {
    expect((await root.post('/tokens/revoke', { user: 'root', name: 'nothing' })).status).toBe(404);
  });
});

describe('a token with limits', () => {
  const day = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

  test('is good through the day that is named, from the addresses that are named', async () => {
    const page = await root.post('/tokens', {
      ...{ name: 'limited', privilege: 'clustering', expires: day(3) },
      addresses: '192.0.2.7\r\n 2001:db8::/32,198.51.100.0/24\r\n',
    });
    const secret = secretOn(page);
    expect(pages.tokens.verify('root', secret, '198.51.100.9')).toBeDefined();
    expect(pages.tokens.verify('root', secret, '203.0.113.1')).toBeUndefined();
    const [token] = pages.tokens.list('root').filter(({ name }) => name === 'limited');
    expect(token?.expiresAt).toBe(Date.parse(`${day(3)}T23:59:59Z`) / 1_000);
    expect((await root.get('/tokens')).html).toMatch(
      new RegExp(`until ${day(3)}, from 192\\.0\\.2\\.7, 2001:db8::/32, 198\\.51\\.100\\.0/24`),
    );
  });

  test.each([
    ['expires', 'tomorrow', 'Parameter expires is no date'],
    ['expires', '2020-01-01', 'its time of expiry is past'],
    ['addresses', 'ns1.example.net', 'is no address or range'],
  ])('%s %s is refused, and the form keeps what was typed', async (field, value, sentence) => {
    const page = await root.post('/tokens', { name: 'refused', privilege: 'manage-api-tokens', [field]: value });
    expect(page.status).toBeGreaterThanOrEqual(400);
    expect(page.html).toContain(sentence);
    expect(page.html).toContain(value);
    expect(page.html).toContain('value="refused"');
    expect(page.html).toMatch(/value="manage-api-tokens" checked/);
    expect(pages.tokens.list().map(({ name }) => name)).not.toContain('refused');
  });

  test('is shown as expired when its time has come', async () => {
    const soon = Date.now() / 1_000 + 0.2;
    await pages.tokens.create({ user: 'root', kind: 'root', name: 'ending', privileges: ['all'], expiresAt: soon });
    await vi.waitFor(async () => expect((await root.get('/tokens')).html).toContain(`expired on ${day(0)}`));
  });
});

describe('editing a token', () => {
  test('shows what it has, renames and limits it, and keeps its secret', async () => {
    const secret = secretOn(await alice.post('/tokens', { name: 'before', privilege: 'clustering' }));
    const form = await alice.get('/tokens/edit?user=alice&name=before');
    expect(form.html).toMatch(/name="name" value="before"/);
    expect(form.html).toMatch(/value="clustering" checked/);
    expect(form.html).not.toContain('value="all"');
    const answer = await alice.post('/tokens/edit', {
      ...{ user: 'alice', token: 'before', name: 'after', privilege: 'clustering', addresses: '192.0.2.7' },
    });
    expect(answer.status).toBe(303);
    expect((await alice.get(answer.location)).html).toContain('The token after of alice was changed.');
    expect(pages.tokens.verify('alice', secret, '192.0.2.7')?.via).toEqual({ token: 'after' });
  });

  test('with nonsense is refused, shows the form again, and changes nothing', async () => {
    const before = pages.tokens.list('alice');
    const page = await alice.post('/tokens/edit', {
      user: 'alice',
      token: 'after',
      name: 'a b',
      privilege: 'clustering',
    });
    expect(page.status).toBe(422);
    expect(page.html).toContain('value="a b"');
    expect(pages.tokens.list('alice')).toEqual(before);
  });

  test('of somebody else, or to more than the editor has, is refused', async () => {
    await root.post('/tokens', { name: 'roots', privilege: 'all' });
    expect((await alice.get('/tokens/edit?user=root&name=roots')).status).toBe(403);
    const taken = { user: 'root', token: 'roots', name: 'mine', privilege: 'clustering' };
    expect((await alice.post('/tokens/edit', taken)).status).toBe(403);
    const more = { user: 'alice', token: 'after', name: 'after', privilege: 'all' };
    expect((await alice.post('/tokens/edit', more)).status).toBe(403);
    expect(pages.tokens.list('alice').find(({ name }) => name === 'after')?.privileges).toEqual(['clustering']);
    expect((await root.get('/tokens/edit?user=root&name=gone')).status).toBe(404);
  });
});
