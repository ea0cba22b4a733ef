import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { MemberType } from '../../src/members/member-type.js';
import { memberRow } from './memory-cluster.js';
import { startPages, type Browser, type PagesServer } from './pages-server.js';

let pages: PagesServer;
let root: Browser;
let alice: Browser;
beforeAll(async () => {
  pages = await startPages();
  [root, alice] = [await pages.browser('root'), await pages.browser('alice')];
});
afterAll(() => pages.close());
beforeEach(() => {
  pages.cluster.rows = [];
});

const TOKEN = 'SECRETTOKEN0123456789';
const form = { type: 'cpanel', host: 'ns1.example.net', user: 'root', token: TOKEN, role: 'sync' };

describe('adding a server', () => {
  test('takes the usual ports where they are empty, and shows the row', async () => {
    const answer = await root.post('/members', { ...form, port: '', dnsPort: '', fingerprint: '' });
    expect(answer.status).toBe(303);
    expect(pages.cluster.rows[0]).toMatchObject({ host: 'ns1.example.net', port: 2087, dnsPort: 53, role: 'sync' });
    const { html } = await root.get(answer.location);
    expect(html).toContain('ns1.example.net was added to the cluster as Synchronize Changes.');
    expect(html).toMatch(/fingerprint: (AB:){31}AB/);
    expect(html).not.toContain(TOKEN);
  });

  test.each([
    [{ port: '0' }, 'must be a number from 1 to 65535'],
    [{ port: '2087x' }, 'must be a number from 1 to 65535'],
    [{ dnsPort: '70000' }, 'must be a number from 1 to 65535'],
    [{ role: 'boss' }, 'Parameter role'],
    [{ type: 'other' }, 'There is no member type'],
    [{ host: 'x'.repeat(300) }, 'Parameter host'],
  ])('with %j is refused with a sentence; the form keeps the rest but not the token', async (wrong, sentence) => {
    const page = await root.post('/members', { ...form, user: 'someone', ...wrong });
    expect([400, 422]).toContain(page.status);
    expect(page.html).toContain(sentence);
    expect(page.html).toContain('value="someone"');
    expect(page.html).not.toContain(TOKEN);
    expect(pages.cluster.rows).toEqual([]);
  });
});

describe('adding a member of another type', () => {
  const TYPE: MemberType = {
    type: 'cloud',
    label: 'Cloud DNS',
    fields: [
      { name: 'username', label: 'User name', type: 'text' },
      { name: 'apikey', label: 'API key', type: 'text', secret: true, help: 'From its page "Keys" <i>.' },
      { name: 'rules', label: 'Rules', type: 'bigtext', default: '' },
      { name: 'address', label: 'Address', type: 'ip', default: '192.0.2.1' },
      { name: 'fast', label: 'Fast', type: 'binary' },
      {
        name: 'ns',
        label: 'NS records',
        type: 'radio',
        default: 'a',
        options: [
          { value: 'a', label: 'A' },
          { value: 'b', label: 'B' },
        ],
      },
    ],
    create: () => {
      throw new Error('the pages make no backend');
    },
  };
  beforeEach(() => {
    pages.cluster.types = [TYPE];
  });
  afterAll(() => {
    pages.cluster.types = [];
  });

  test('the menu offers it, and its form has a control for each of its fields', async () => {
    expect((await root.get('/members/new')).html).toContain('<option value="cloud">Cloud DNS</option>');
    const { html } = await root.get('/members/new?type=cloud');
    expect(html).toContain('Cloud DNS Configuration');
    expect(html).toMatch(
      /<label for="field-username">User name<\/label>\s*<input id="field-username" name="username" value="" type="text"[^>]*required/,
    );
    expect(html).toMatch(/name="apikey" value="" type="password"[^>]*aria-describedby="field-apikey-hint"/);
    expect(html).toContain('&lt;i&gt;.');
    expect(html).toMatch(/<textarea id="field-rules"/);
    expect(html).toMatch(/name="address" value="192.0.2.1"/);
    expect(html).toMatch(/type="checkbox" name="fast" value="1">/);
    expect(html).toMatch(/type="radio" name="ns" value="a" checked>/);
  });

  test('what is given is passed on, and the row says its type', async () => {
    const fields = { type: 'cloud', role: 'write-only', username: 'ann', apikey: TOKEN, fast: '1', ns: 'b' };
    const answer = await root.post('/members', fields);
    expect(answer.status).toBe(303);
    expect(pages.cluster.given).toMatchObject({ username: 'ann', apikey: TOKEN, fast: '1', ns: 'b', rules: '' });
    const { html } = await root.get(answer.location);
    expect(html).toContain('Cloud DNS');
    expect(html).not.toContain(TOKEN);
  });

  test('a refused form keeps what was given, but no secret', async () => {
    const { html } = await root.post('/members', { type: 'cloud', role: 'boss', username: 'ann', apikey: TOKEN });
    expect(html).toContain('value="ann"');
    expect(html).not.toContain(TOKEN);
  });
});

describe('a server', () => {
  beforeEach(() => {
    pages.cluster.rows = [
      memberRow({
        id: 'm1',
        state: 'failing',
        failures: 4,
        lastFailure: 'It does not answer.',
        zones: 2000,
        zonesInSync: 1950,
        pending: 50,
        pendingSince: new Date(Date.now() - 300_000).toISOString(),
      }),
    ];
  });

  test('is shown with version, failures, zones in sync, and what waits since when', async () => {
    const { html } = await root.get('');
    for (const text of ['Failing', '11.82.0.1', '4 of 10 failures in a row', 'It does not answer.', '1,950 of 2,000'])
      expect(html).toContain(text);
    expect(html).toMatch(/50 waiting, the oldest from <time datetime="[^"]+Z"[^>]*>5 minutes ago<\/time>/);
  });

  test('gets another DNS role, and the page says what that means', async () => {
    const answer = await root.post('/member/m1/role', { role: 'write-only' });
    expect(pages.cluster.rows[0]?.role).toBe('write-only');
    expect((await root.get(answer.location)).html).toContain('it is never asked');
    expect((await root.post('/member/m1/role', { role: 'boss' })).status).toBe(400);
  });

  test('is disabled and enabled again', async () => {
    await root.post('/member/m1/disable');
    expect(pages.cluster.rows[0]?.state).toBe('disabled');
    expect((await root.get('')).html).toContain('aria-label="Enable ns1.example.net"');
    await root.post('/member/m1/enable');
    expect(pages.cluster.rows[0]?.state).toBe('online');
  });

  test('is deleted after a question that says what waits', async () => {
    const question = await root.get('/member/m1/delete');
    expect(question.html).toContain('50 zones are waiting to be sent to it.');
    expect(pages.cluster.rows).toHaveLength(1);
    const answer = await root.post('/member/m1/delete');
    expect(pages.cluster.rows).toEqual([]);
    expect((await root.get(answer.location)).html).toContain('was deleted from the cluster');
  });

  test('of root is not there for a reseller', async () => {
    expect((await alice.get('')).html).not.toContain('ns1.example.net');
    for (const path of ['/member/m1/delete', '/member/m1/disable', '/member/m1/enable'])
      expect((await alice.post(path)).status).toBe(404);
    expect((await alice.post('/member/m1/role', { role: 'sync' })).status).toBe(404);
    expect(pages.cluster.rows[0]?.state).toBe('failing');
  });
});

describe('the settings of the cluster', () => {
  test('clustering is turned off and on, with its consequence', async () => {
    const off = await root.post('/clustering', { clustering: 'off' });
    expect(pages.cluster.clustering).toBe(false);
    expect((await root.get(off.location)).html).toContain('no change is lost');
    await root.post('/clustering', { clustering: 'on' });
    expect(pages.cluster.clustering).toBe(true);
  });

  test('the failure threshold is a number from 0, which means never', async () => {
    const answer = await root.post('/threshold', { failureThreshold: '0' });
    expect(pages.cluster.failureThreshold).toBe(0);
    expect((await root.get(answer.location)).html).toContain('All servers are kept in the cluster');
    for (const failureThreshold of ['-1', '1.5', 'ten', ''])
      expect((await root.post('/threshold', { failureThreshold })).status).toBe(400);
    expect(pages.cluster.failureThreshold).toBe(0);
  });

  test('are not offered to a reseller', async () => {
    const { html } = await alice.get('');
    expect(html).not.toContain('Modify Cluster Status');
    expect((await root.get('')).html).toContain('Modify Cluster Status');
  });
});
