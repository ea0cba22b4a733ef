import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Principal } from '../../src/access/principal.js';
import { SELF } from '../../src/access/principal.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { memberRow } from './memory-cluster.js';
import { startPages, ZONE, type Browser, type Page, type PagesServer } from './pages-server.js';

let pages: PagesServer;
let root: Browser;
let alice: Browser;
const example = zoneName('example.org');
const ALICE: Principal = { user: 'alice', kind: 'reseller', privileges: ['clustering'], via: { session: true } };

beforeAll(async () => {
  pages = await startPages();
  [root, alice] = [await pages.browser('root'), await pages.browser('alice')];
});
afterAll(() => pages.close());
beforeEach(async () => {
  pages.cluster.zones.clear();
  pages.cluster.states = [];
  await pages.cluster.saveZone(example, Buffer.from(ZONE), SELF);
});

const stored = (name = example): string => pages.cluster.zones.get(name)?.text.toString() ?? '';
const unescape = (html: string): string =>
  html
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&#34;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
/** The text area as a browser reads it: the newline after the tag does not count. */
const areaOf = (page: Page): string => unescape(/<textarea[^>]*>\n([^]*?)<\/textarea>/.exec(page.html)?.[1] ?? '');
const versionOf = (page: Page): string => /name="version" value="([^"]*)"/.exec(page.html)?.[1] ?? '';
/** Opens the zone, edits its text and saves it, as a browser does it. */
async function edit(browser: Browser, name: string, change: (text: string) => string): Promise<Page> {
  const page = await browser.get(`/zone/${name}`);
  const text = change(areaOf(page)).replace(/\r\n?/g, '\n').replaceAll('\n', '\r\n');
  return browser.post(`/zone/${name}/text`, { text, version: versionOf(page) });
}

describe('editing a zone', () => {
  test('saves the text as it was typed, and says so on the page that follows', async () => {
    const answer = await edit(root, example, (text) => text.replace('192.0.2.1', '192.0.2.99'));
    expect(answer.status).toBe(303);
    expect(stored()).toBe(ZONE.replace('192.0.2.1', '192.0.2.99'));
    expect((await root.get(answer.location)).html).toContain('Zone example.org was saved with serial 2024010101.');
  });

  test('without a change changes nothing, not even the ends of lines or an empty first line', async () => {
    for (const text of [ZONE, ZONE.replaceAll('\n', '\r\n'), `\n\n${ZONE}`, ZONE.trimEnd()]) {
      await pages.cluster.saveZone(example, Buffer.from(text), SELF);
      const answer = await edit(root, example, (same) => same);
      expect((await root.get(answer.location)).html).toContain('holds the same already, so nothing was changed');
      expect(stored()).toBe(text);
    }
  });

  test('with an error keeps the text, changes nothing, and shows line, column and the lines around', async () => {
    const page = await edit(root, example, (text) => text.replace('192.0.2.1', '192.0.2.999'));
    expect(page.status).toBe(422);
    expect(page.html).toMatch(/role="alert" id="refusal"/);
    expect(page.html).toMatch(/aria-invalid="true" aria-describedby="refusal findings"/);
    expect(page.html).toMatch(/<a href="#text" data-line="5" data-column="\d+">Line 5, column \d+<\/a>/);
    expect(page.html).toMatch(/class="marked"><b>5<\/b> www IN A 192\.0\.2\.999/);
    expect(areaOf(page).replaceAll('\r\n', '\n')).toBe(ZONE.replace('192.0.2.1', '192.0.2.999'));
    expect(stored()).toBe(ZONE);
  });

  test.each([
    ['two SOAs', (text: string) => text + '@ IN SOA a. b. 1 2 3 4 5\n'],
    ['a CNAME beside MX', (text: string) => text + 'c IN CNAME www\nc IN MX 10 www\n'],
    ['a name outside the zone', (text: string) => text + 'www.example.com. IN A 192.0.2.1\n'],
    ['no text at all', () => ''],
  ])('to %s is refused with a sentence', async (_what, change) => {
    const page = await edit(root, example, change);
    expect(page.status).toBe(422);
    expect(page.html).toContain('Zone example.org was refused and nothing was changed');
    expect(stored()).toBe(ZONE);
  });

  test('that somebody else changed meanwhile keeps the text and asks again', async () => {
    const opened = await root.get('/zone/example.org');
    const theirs = ZONE.replace('192.0.2.1', '192.0.2.7');
    await pages.cluster.saveZone(example, Buffer.from(theirs), SELF);
    const mine = ZONE.replace('192.0.2.1', '192.0.2.8');
    const page = await root.post('/zone/example.org/text', { text: mine, version: versionOf(opened) });
    expect(page.status).toBe(409);
    expect(page.html).toContain('was changed by somebody else');
    expect(stored()).toBe(theirs);
    const again = await root.post('/zone/example.org/text', { text: areaOf(page), version: versionOf(page) });
    expect(again.status).toBe(303);
    expect(stored()).toBe(mine);
  });

  test('is not offered where the text would be damaged; it is shown escaped', async () => {
    const bytes = Buffer.concat([Buffer.from(ZONE + '; caf'), Buffer.from([0xe9, 0x0a])]);
    await pages.cluster.saveZone(example, bytes, SELF);
    const page = await root.get('/zone/example.org');
    expect(page.status).toBe(200);
    expect(page.html).toContain('not UTF-8');
    expect(page.html).toContain('; caf\\233');
    expect(page.html).not.toContain('<textarea');
    const forced = await root.post('/zone/example.org/text', { text: ZONE, version: versionOf(page) });
    expect(forced.status).toBe(409);
    expect(pages.cluster.zones.get(example)?.text.equals(bytes)).toBe(true);
  });

  test('shows warnings and what each server says', async () => {
    pages.cluster.states = [
      { member: 'm1', hostname: 'ns1.example.net', state: 'served', serial: 7, seenAt: new Date().toISOString() },
      {
        member: 'm2',
        hostname: 'ns2.example.net',
        state: 'pending',
        reason: 'It does not answer (connection refused).',
      },
    ];
    const answer = await edit(root, example, (text) => text + '; edited\n');
    const { html } = await root.get(answer.location);
    expect(html).toContain('1 of 2 servers of the cluster serve it.');
    expect(html).toContain('It does not answer (connection refused).');
  });

  test('shows its result to the user who saved, to nobody else', async () => {
    const answer = await edit(root, example, (text) => text + '; edited\n');
    const key = new URL(answer.location, 'https://x').searchParams.get('result') ?? '';
    expect((await alice.get(`/zones?result=${key}`)).html).not.toContain('was saved');
    expect((await root.get(`/zones?result=${key}`)).html).toContain('was saved');
  });
});

describe('creating a zone', () => {
  test('from a text leads to its page', async () => {
    const answer = await root.post('/zones/text', { name: 'New.Example.', text: ZONE.replaceAll('\n', '\r\n') });
    expect([answer.status, answer.location.split('?')[0]]).toEqual([303, '/zone/new.example']);
    expect(stored(zoneName('new.example'))).toBe(ZONE);
  });

  test('from the template takes the address', async () => {
    const fields = {
      name: 'new.example',
      template: 'standard',
      ip: '192.0.2.44',
      ns1: 'ns1.example.net',
      ns2: 'a.example',
    };
    const answer = await root.post('/zones', fields);
    expect(answer.status).toBe(303);
    expect(stored(zoneName('new.example'))).toMatch(/IN\tNS\tns1\.example\.net\.\n[^]*192\.0\.2\.44/);
  });

  test.each([
    { template: 'standard', ip: 'nowhere' },
    { template: 'standard', ip: '192.0.2.1\n@ IN NS evil.example.' },
    { template: '../../package', ip: '192.0.2.1' },
  ])('from the template with %j is refused with a sentence', async (fields) => {
    const page = await root.post('/zones', { name: 'new.example', ...fields });
    expect(page.status).toBeGreaterThanOrEqual(400);
    expect(page.html).toContain('role="alert"');
    expect(pages.cluster.zones.size).toBe(1);
  });

  test('suggests the servers of the cluster as its nameservers', async () => {
    pages.cluster.rows = [memberRow({ id: 'm1' }), memberRow({ id: 'm2', hostname: 'ns2.example.net' })];
    const { html } = await root.get('/zones/new');
    expect(html).toContain('name="ns1" value="ns1.example.net"');
    expect(html).toContain('name="ns2" value="ns2.example.net"');
    pages.cluster.rows = [];
    expect((await root.get('/zones/new')).html).toContain('name="ns1" value="web.example.net"');
  });

  test('with an international name says how it is written in DNS', async () => {
    const answer = await root.post('/zones/text', { name: 'bücher.example', text: ZONE });
    expect(answer.location.split('?')[0]).toBe('/zone/xn--bcher-kva.example');
    const { html } = await root.get(answer.location);
    expect(html).toContain('The name bücher.example is written xn--bcher-kva.example in DNS.');
    expect(html).toContain('<p class="unicode">bücher.example</p>');
  });

  test.each(['../x', 'a b', '', 'x'.repeat(300), 'a..b', '-a.example', 'a_b?.example'])(
    'called %j is refused with a sentence, and the form keeps what was typed',
    async (name) => {
      for (const [path, fields] of [
        ['/zones', { name, template: 'standard', ip: '192.0.2.1' }],
        ['/zones/text', { name, text: '; my text' }],
      ] as const) {
        const page = await root.post(path, fields);
        expect(page.status).toBe(422);
        expect(page.html).toContain('is not a zone name');
        if (path === '/zones/text') expect(areaOf(page)).toBe('; my text');
      }
      expect(pages.cluster.zones.size).toBe(1);
    },
  );

  test('from a text with errors shows each with its line, and keeps the text', async () => {
    const page = await root.post('/zones/text', { name: 'new.example', text: `${ZONE}a IN A x\nb IN MX y\n` });
    expect(page.status).toBe(422);
    expect(page.html).toMatch(/data-line="6"[^]*data-line="7"/);
    expect(areaOf(page)).toContain('b IN MX y');
  });

  test('that is here already is refused', async () => {
    const page = await root.post('/zones/text', { name: 'example.org', text: ZONE });
    expect(page.status).toBe(409);
    expect(page.html).toContain('Zone example.org already exists');
  });

  test('for a reverse zone with a slash in its name works in every link', async () => {
    const name = '0/26.2.0.192.in-addr.arpa';
    const answer = await root.post('/zones/text', { name, text: ZONE });
    expect(answer.location).toContain('/zone/0%2F26.2.0.192.in-addr.arpa');
    expect((await root.get(answer.location)).status).toBe(200);
    const saved = await edit(root, encodeURIComponent(name), (text) => text + '; edited\n');
    expect(saved.status).toBe(303);
    expect((await root.post(`/zone/${encodeURIComponent(name)}/delete`)).status).toBe(303);
    expect(pages.cluster.zones.has(zoneName(name))).toBe(false);
  });
});

describe('deleting a zone', () => {
  test('asks first and names the servers, then shows the answer of each', async () => {
    pages.cluster.states = [{ member: 'm1', hostname: 'ns1.example.net', state: 'served' }];
    const question = await root.get('/zone/example.org/delete');
    expect(question.html).toContain('It is deleted on ns1.example.net too.');
    expect(pages.cluster.zones.size).toBe(1);
    pages.cluster.states = [{ member: 'm1', hostname: 'ns1.example.net', state: 'removed' }];
    const answer = await root.post('/zone/example.org/delete');
    expect(answer.location).toMatch(/^\/zones\?result=/);
    const { html } = await root.get(answer.location);
    expect(html).toContain('Zone example.org was deleted from this server.');
    expect(html).toContain('1 of 1 servers of the cluster deleted it.');
    expect(pages.cluster.zones.size).toBe(0);
  });
});

describe('a reseller', () => {
  beforeEach(() => pages.cluster.saveZone(zoneName('alice.example'), Buffer.from(ZONE), ALICE));

  test('sees only own zones', async () => {
    const { html } = await alice.get('/zones');
    expect(html).toContain('alice.example');
    expect(html).not.toContain('example.org');
  });

  test.each([
    ['/zone/example.org', undefined],
    ['/zone/example.org/delete', undefined],
    ['/zone/example.org/text', { text: '; mine now', version: '' }],
    ['/zone/example.org/delete', {}],
  ])('can not get at another’s zone: %s', async (path, fields) => {
    const page = fields === undefined ? await alice.get(path) : await alice.post(path, fields);
    expect([403, 404]).toContain(page.status);
    expect(page.html).not.toContain('192.0.2.1');
    expect(stored()).toBe(ZONE);
  });

  test('edits own zones', async () => {
    const answer = await edit(alice, 'alice.example', (text) => text + '; edited\n');
    expect(answer.status).toBe(303);
    expect(stored(zoneName('alice.example'))).toContain('; edited');
  });
});

describe('20,000 zones', () => {
  test('are listed 50 a page, quickly', async () => {
    for (let index = 0; index < 20_000; index++) {
      const name = zoneName(`zone${index}.example`);
      const entry = { name, serial: 1, digest: '', owner: 'root', modified: 0 };
      pages.cluster.zones.set(name, { entry, text: Buffer.from(ZONE) });
    }
    await root.get('/zones');
    const start = performance.now();
    const page = await root.get('/zones?page=7');
    expect(performance.now() - start).toBeLessThan(500);
    expect(page.html.match(/<tr>/g)).toHaveLength(51);
    expect(page.html).toContain('Page 7 of 401');
    expect((await root.get('/zones?search=zone19999')).html).toContain('1 zone found');
  });
});
