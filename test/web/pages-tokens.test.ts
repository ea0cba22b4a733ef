import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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
