import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { SELF } from '../../src/access/principal.js';
import { zoneName } from '../../src/zones/zone-name.js';
import type { AuditEntry } from '../../src/operations/audit-chain.js';
import { memberRow } from './member-rows.js';
import { BASE, removeZones, startPages, ZONE, type Browser, type PagesServer } from './pages-server.js';

let pages: PagesServer;
let root: Browser;
let alice: Browser;
let bob: Browser;
/** All commands of the cluster, refused ones, too. */
const audited: AuditEntry[] = [];
beforeAll(async () => {
  const note = (entry: AuditEntry): Promise<void> => Promise.resolve(void audited.push(entry));
  pages = await startPages({ audit: { record: note } });
  await pages.tokens.create({ user: 'root', kind: 'root', name: 'kept', privileges: ['all'] });
  [root, alice, bob] = [await pages.browser('root'), await pages.browser('alice'), await pages.browser('bob')];
});
afterEach(() => vi.restoreAllMocks());
afterAll(() => pages.close());
beforeEach(async () => {
  await removeZones(pages.cluster);
  const { members, removed, zones } = pages.cluster;
  const m1 = memberRow({ id: 'm1', debug: true, latency: [3, null, 5] });
  vi.spyOn(members, 'list').mockReturnValue([m1, memberRow({ id: 'm2', hostname: 'ns2.example.net' })]);
  const gone = { zone: zoneName('gone.example'), serial: 7, removedAt: Date.now(), user: 'ann' };
  vi.spyOn(removed, 'list').mockReturnValue([gone]);
  const version = { time: '2026-01-01T00:00:00.000Z', user: 'ann', via: 'page', change: 'saved', serial: 4 } as const;
  const past = { ...version, text: Buffer.from(ZONE.replace('192.0.2.1', '192.0.2.9')) };
  vi.spyOn(zones, 'history').mockResolvedValue([past]);
  const call = { time: new Date().toISOString(), call: 'GET /scripts2/showversion?', sent: 0, milliseconds: 3 };
  vi.spyOn(members, 'transactions').mockReturnValue([{ ...call, answer: '10 octets', said: '11.82.0.1' }]);
  await zones.save(zoneName('example.org'), Buffer.from(ZONE), SELF);
});

const PATHS = [
  '',
  '/',
  '/members/new',
  '/member/m1',
  '/member/m1/edit',
  '/synchronize',
  '/synchronize?zone=example.org',
  '/activity',
  '/tokens/edit?user=root&name=kept',
  '/tokens/revoke?user=root&name=kept',
  '/zone/example.org/records',
  '/zone/example.org/records?search=www',
  '/zone/example.org/record',
  '/zone/example.org/record?line=4',
  '/zone/example.org/history',
  '/zone/example.org/version?time=2026-01-01T00:00:00.000Z',
  '/member/m1/delete',
  '/zones',
  '/zones?search=ex&page=1',
  '/zones/new',
  '/zones/deleted',
  '/drift',
  '/notifications',
  '/users',
  '/users/remove?user=alice',
  '/zone/example.org/take-over',
  '/zone/example.org',
  '/zone/example.org/delete',
  '/tokens',
];

describe('each page', () => {
  test.each(PATHS)('%s is shown to root, whole and with one heading', async (path) => {
    const page = await root.get(path);
    expect(page.status).toBe(200);
    expect(page.html.match(/<h1>/g)).toHaveLength(1);
    expect(page.html.trimEnd().endsWith('</html>')).toBe(true);
    expect(page.html).not.toMatch(/undefined|\[object|NaN/);
  });

  test.each(PATHS)('%s is refused to a reseller without the privilege', async (path) => {
    const page = await bob.get(path);
    expect(page.status).toBe(403);
    expect(page.html).toContain('You do not have the required privileges (clustering)');
    expect(page.html).not.toContain('example.org');
  });

  test.each(PATHS)('%s sends who is not logged in to the login, and back afterwards', async (path) => {
    const { headers } = await pages.server
      .visitor()
      .get(BASE + path)
      .expect(303);
    expect(headers['location']).toBe(`/login?next=${encodeURIComponent(BASE + path)}`);
  });

  test.each(PATHS)('%s has every field labelled and every link below the mount point or in the panel', async (path) => {
    const { html } = await root.get(path);
    for (const [, attributes = ''] of html.matchAll(/<(?:input|select|textarea)\b([^>]*)>/g)) {
      if (/type="(?:hidden|radio|checkbox)"/.test(attributes)) continue;
      const id = /\bid="([^"]+)"/.exec(attributes)?.[1];
      const isLabelled = /aria-label="[^"]+"/.test(attributes) || html.includes(`<label for="${id ?? '?'}"`);
      expect(isLabelled, attributes).toBe(true);
    }
    for (const [, href = ''] of html.matchAll(/(?:href|action|src)="([^"]*)"/g))
      expect(href, href).toMatch(/^(?:\/clusters\/dns(?:$|[/?])|\/$|\/logout$|#)/);
  });

  test('has no inline script or style, and a policy that forbids them', async () => {
    const { headers } = await root.agent.get(BASE).expect(200);
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect(headers['cache-control']).toBe('no-store');
    for (const path of PATHS) {
      const { html } = await root.get(path);
      expect(html).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?! src=)/);
    }
  });

  test('brings its style sheets itself', async () => {
    for (const file of ['pico.min.css', 'style.css', 'editor.js', 'page.js'])
      await pages.server.visitor().get(`${BASE}/assets/${file}`).expect(200);
    const outside = await pages.server.visitor().get(`${BASE}/assets/..%2fpackage.json`);
    expect(outside.text).not.toContain('dependencies');
  });

  test.each(['/nothing', '/zone', '/member/m1/nothing', '/zone/example.org/nothing'])(
    '%s, which is none, is a page that says so',
    async (path) => {
      const page = await root.get(path);
      expect(page.status).toBe(404);
      expect(page.html).toContain(`There is no page at ${path}`);
    },
  );

  test('that does not understand its address is an error page, not a crash', async () => {
    expect((await root.get('/zone/%E0%A4%A')).status).toBe(400);
    expect((await root.get('/zones?search[a]=1&page=x&page=y')).status).toBe(200);
    expect((await root.get('/zones?page=-7')).status).toBe(200);
  });
});

const FORMS: [path: string, fields: Record<string, string>][] = [
  ['/clustering', { clustering: 'off' }],
  ['/clustering', { clustering: 'off', confirmed: '1' }],
  ['/member/m1/removals', {}],
  ['/drift/check', {}],
  ['/notifications', { mailTo: 'a@example.net', mailFrom: '', smtp: '', webhook: '', webhookSecret: '' }],
  ['/notifications/test', {}],
  ['/drift/m1/settle', { how: 'send', zone: 'example.org' }],
  ['/drift/policy', { policy: 'first' }],
  ['/zone/example.org/file', {}],
  ['/zone/example.org/take-over', {}],
  ['/zone/example.org/forget-conflict', {}],
  ['/options', { threshold: 'custom', failureThreshold: '3' }],
  ['/managing', { user: 'alice' }],
  ['/users/remove', { user: 'alice', zones: 'remove' }],
  ['/zones/owner', { owner: 'alice', zone: 'example.org' }],
  ['/members/accept', { pending: 'x' }],
  ['/member/m1/edit', { host: 'ns9.example.net', user: 'x', token: 'y', role: 'sync' }],
  ['/member/m1/dig', { zone: 'example.org' }],
  ['/member/m1/test', {}],
  ['/synchronize', { what: 'all', direction: 'all' }],
  ['/zone/example.org/record', { name: 'x', ttl: '60', type: 'A', value: '192.0.2.1' }],
  ['/zone/example.org/record/remove', { line: '4' }],
  ['/zone/example.org/undo', { time: '2026-01-01T00:00:00.000Z' }],
  ['/tokens/edit', { user: 'root', token: 'kept', name: 'lost', privilege: 'all' }],
  ['/tokens/revoke', { user: 'root', name: 'kept' }],
  ['/tokens/key', {}],
  ['/tokens/keys', { taken: '1' }],
  ['/members', { type: 'cpanel', host: 'ns3.example.net', user: 'root', token: 't', role: 'sync' }],
  ['/member/m1/role', { role: 'standalone' }],
  ['/member/m1/disable', {}],
  ['/member/m1/enable', {}],
  ['/member/m1/delete', {}],
  ['/zones', { name: 'new.example', template: 'standard', ip: '192.0.2.1' }],
  ['/zones/text', { name: 'new.example', text: ZONE }],
  ['/zone/example.org/text', { text: '; gone', version: '' }],
  ['/zone/example.org/delete', {}],
  ['/zone/gone.example/restore', {}],
  ['/tokens', { name: 'stolen', privilege: 'clustering' }],
];

describe('a form', () => {
  const everything = (): string =>
    JSON.stringify([
      audited,
      pages.cluster.zones.list(SELF),
      pages.cluster.settings.clustering,
      pages.cluster.settings.values,
      pages.tokens.list(),
    ]);

  test.each(FORMS)('%s without the token, with a wrong or another login’s, changes nothing', async (path, fields) => {
    const before = everything();
    const foreign = /name="_csrf" value="([^"]+)"/.exec((await alice.get('/zones/new')).html)?.[1] ?? '';
    expect(foreign).not.toBe('');
    for (const _csrf of ['', 'wrong', foreign]) {
      const page = await root.post(path, { ...fields, _csrf });
      expect(page.status).toBe(403);
      expect(page.html).toContain('nothing was changed');
    }
    expect(everything()).toBe(before);
  });

  test.each(FORMS)('%s from another site changes nothing, even with the token', async (path, fields) => {
    const before = everything();
    const _csrf = /name="_csrf" value="([^"]+)"/.exec((await root.get('/zones/new')).html)?.[1] ?? '';
    const send = (header: string, value: string): Promise<{ status: number }> =>
      root.agent
        .post(BASE + path)
        .set(header, value)
        .type('form')
        .send({ ...fields, _csrf });
    expect((await send('Sec-Fetch-Site', 'cross-site')).status).toBe(403);
    expect((await send('Origin', 'https://evil.example')).status).toBe(403);
    expect(everything()).toBe(before);
  });

  test.each(FORMS)('%s of who is not logged in is answered 401 and changes nothing', async (path, fields) => {
    const before = everything();
    const response = await pages.server
      .visitor()
      .post(BASE + path)
      .type('form')
      .send(fields);
    expect(response.status).toBe(401);
    expect(everything()).toBe(before);
  });

  test.each(FORMS)('%s of a reseller without the privilege is answered 403', async (path, fields) => {
    expect((await bob.post(path, fields)).status).toBe(403);
  });

  test('that is too large is answered by a page that says so', async () => {
    const page = await root.post('/options', { failureThreshold: '1', extra: 'x'.repeat(40_000) });
    expect(page.status).toBe(413);
    expect(page.html).toContain('was not read');
  });

  test('of 100 MB is refused where zone text is expected too', async () => {
    const response = await root.agent
      .post(`${BASE}/zones/text`)
      .type('form')
      .send(`name=a&text=${'x'.repeat(100_000_000)}`);
    expect(response.status).toBe(413);
  });

  test('that is not a form is refused', async () => {
    await root.agent.post(`${BASE}/options`).type('json').send({ failureThreshold: '1' }).expect(403);
  });
});

describe('markup', () => {
  const EVIL = '<img src=x onerror=alert(1)>"\'&</textarea><script>alert(2)</script>';

  test('in names, errors and answers of members is shown as text', async () => {
    vi.spyOn(pages.cluster.members, 'list').mockReturnValue([
      memberRow({
        id: `m"><script>`,
        hostname: EVIL,
        host: EVIL,
        user: EVIL,
        version: EVIL,
        owner: EVIL,
        state: 'failing',
        failures: 1,
        lastFailure: EVIL,
      }),
      memberRow({ id: 'm2', state: 'disabled', disabledReason: EVIL }),
    ]);
    const state = { member: 'm1', hostname: EVIL, state: 'failed', reason: EVIL } as const;
    vi.spyOn(pages.cluster.zones, 'states').mockReturnValue([state]);
    const id = encodeURIComponent('m"><script>');
    const call = { time: EVIL, call: EVIL, sent: 1, milliseconds: 1, answer: EVIL, said: EVIL };
    vi.spyOn(pages.cluster.members, 'transactions').mockReturnValue([call]);
    const paths = ['', `/member/${id}`, `/member/${id}/edit`, `/member/${id}/delete`, '/zones', '/zone/example.org'];
    for (const path of paths) expectNoMarkup((await root.get(path)).html);
  });

  test('in a zone’s text is shown as text, accepted or refused', async () => {
    const text = `${ZONE}txt IN TXT "${EVIL.replaceAll('"', '\\"').replaceAll(';', '\\;')}" ; ${EVIL}\n`;
    await pages.cluster.zones.save(zoneName('example.org'), Buffer.from(text), SELF);
    const past = { time: 'now', user: EVIL, via: EVIL, change: 'saved', serial: 4, text: Buffer.from(EVIL) } as const;
    vi.spyOn(pages.cluster.zones, 'history').mockResolvedValue([past]);
    for (const path of ['records', 'records?search=txt', 'record?line=5', 'history', 'version?time=now'])
      expectNoMarkup((await root.get(`/zone/example.org/${path}`)).html);
    const { html } = await root.get('/zone/example.org');
    expectNoMarkup(html);
    expect(html).toContain('&lt;/textarea&gt;&lt;script&gt;');
    const refused = await root.post('/zones/text', { name: 'evil.example', text: `${EVIL} ${EVIL}` });
    expect(refused.status).toBe(422);
    expectNoMarkup(refused.html);
  });

  test('in what is typed is shown as text', async () => {
    const fields = { type: 'cpanel', host: EVIL, user: EVIL, token: EVIL, role: EVIL, fingerprint: EVIL };
    const answers = [
      await root.get(`/zones?search=${encodeURIComponent(EVIL)}`),
      await root.get(`/zone/${encodeURIComponent(EVIL)}`),
      await root.get(`/${encodeURIComponent(EVIL)}`),
      await root.post('/zones', { name: EVIL, template: EVIL, ip: EVIL }),
      await root.post('/members', fields),
      await root.get(`/synchronize?zone=${encodeURIComponent(EVIL)}`),
      await root.get(`/activity?search=${encodeURIComponent(EVIL)}`),
      await root.get(`/zone/example.org/records?search=${encodeURIComponent(EVIL)}`),
      await root.post('/zone/example.org/record', { name: EVIL, ttl: EVIL, type: EVIL, value: EVIL }),
      await root.post('/member/m1/edit', fields),
      await root.post('/tokens', { name: EVIL, expires: EVIL, addresses: EVIL, privilege: EVIL }),
    ];
    for (const { html } of answers) expectNoMarkup(html);
  });

  function expectNoMarkup(html: string): void {
    expect(html).not.toContain('<img');
    expect(html).not.toContain('<script>');
    expect(html).not.toMatch(/value="[^"]*<|="[^"]*"'&/);
  }
});
