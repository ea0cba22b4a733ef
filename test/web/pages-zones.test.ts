import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Principal } from '../../src/access/principal.js';
import { SELF } from '../../src/access/principal.js';
import type { ChangeResult, MemberZoneState } from '../../src/cluster/model/results.js';
import { zoneName, type ZoneName } from '../../src/zones/zone-name.js';
import { memberRow } from './member-rows.js';
import { removeZones, startPages, ZONE, type Browser, type Page, type PagesServer } from './pages-server.js';

let pages: PagesServer;
let root: Browser;
let alice: Browser;
// Each test has names of its own: a zone that comes back after it was deleted has a later serial.
let tests = 0;
let example: ZoneName;
let created: ZoneName;
let ofAlice: ZoneName;
const ALICE: Principal = { user: 'alice', kind: 'reseller', privileges: ['clustering'], via: { session: true } };

beforeAll(async () => {
  pages = await startPages();
  [root, alice] = [await pages.browser('root'), await pages.browser('alice')];
});
afterEach(() => vi.restoreAllMocks());
afterAll(() => pages.close());
beforeEach(async () => {
  await removeZones(pages.cluster);
  tests++;
  example = zoneName(`example-${tests}.org`);
  created = zoneName(`new-${tests}.example`);
  ofAlice = zoneName(`alice-${tests}.example`);
  await pages.cluster.zones.save(example, Buffer.from(ZONE), SELF);
});

const stored = async (name = example): Promise<string> => (await pages.cluster.zones.text(name, SELF)).toString();
/** The text with the serial that it gets where whoever edited it left that as it was. */
const lifted = (text: string, by = 1): string => text.replace('2024010101', String(2024010101 + by));
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
/** Members' answers to the changes that follow. */
function answersOf(change: 'save' | 'remove', members: MemberZoneState[]): void {
  const { zones } = pages.cluster;
  const real = zones[change].bind(zones) as (...given: unknown[]) => Promise<ChangeResult>;
  vi.spyOn(zones, change).mockImplementation(async (...given: unknown[]) => ({ ...(await real(...given)), members }));
}
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
    expect(await stored()).toBe(lifted(ZONE.replace('192.0.2.1', '192.0.2.99')));
    expect((await root.get(answer.location)).html).toContain(`Zone ${example} was saved with serial 2024010102.`);
  });

  test('without a change changes nothing, not even the ends of lines or an empty first line', async () => {
    for (const text of [ZONE, ZONE.replaceAll('\n', '\r\n'), `\n\n${ZONE}`, ZONE.trimEnd()]) {
      await pages.cluster.zones.save(example, Buffer.from(text), SELF);
      const before = await stored();
      const answer = await edit(root, example, (same) => same);
      expect((await root.get(answer.location)).html).toContain('holds the same already, so nothing was changed');
      expect(await stored()).toBe(before);
      expect(before.replace(/20240101\d\d/, '2024010101')).toBe(text);
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
    expect(await stored()).toBe(ZONE);
  });

  test.each([
    ['two SOAs', (text: string) => text + '@ IN SOA a. b. 1 2 3 4 5\n'],
    ['a CNAME beside MX', (text: string) => text + 'c IN CNAME www\nc IN MX 10 www\n'],
    ['a name outside the zone', (text: string) => text + 'www.example.com. IN A 192.0.2.1\n'],
    ['no text at all', () => ''],
  ])('to %s is refused with a sentence', async (_what, change) => {
    const page = await edit(root, example, change);
    expect(page.status).toBe(422);
    expect(page.html).toContain(`Zone ${example} was refused and nothing was changed`);
    expect(await stored()).toBe(ZONE);
  });

  test('that somebody else changed meanwhile keeps the text and asks again', async () => {
    const opened = await root.get(`/zone/${example}`);
    const theirs = ZONE.replace('192.0.2.1', '192.0.2.7');
    await pages.cluster.zones.save(example, Buffer.from(theirs), SELF);
    const mine = ZONE.replace('192.0.2.1', '192.0.2.8');
    const page = await root.post(`/zone/${example}/text`, { text: mine, version: versionOf(opened) });
    expect(page.status).toBe(409);
    expect(page.html).toContain('was changed by somebody else');
    expect(await stored()).toBe(lifted(theirs));
    const again = await root.post(`/zone/${example}/text`, { text: areaOf(page), version: versionOf(page) });
    expect(again.status).toBe(303);
    expect(await stored()).toBe(lifted(mine, 2));
  });

  test('is not offered where the text would be damaged; it is shown escaped', async () => {
    const bytes = Buffer.concat([Buffer.from(ZONE + '; caf'), Buffer.from([0xe9, 0x0a])]);
    await pages.cluster.zones.save(example, bytes, SELF);
    const held = await pages.cluster.zones.text(example, SELF);
    expect(held.subarray(-8).equals(bytes.subarray(-8))).toBe(true);
    const page = await root.get(`/zone/${example}`);
    expect(page.status).toBe(200);
    expect(page.html).toContain('not UTF-8');
    expect(page.html).toContain('; caf\\233');
    expect(page.html).not.toContain('<textarea');
    const forced = await root.post(`/zone/${example}/text`, { text: ZONE, version: versionOf(page) });
    expect(forced.status).toBe(409);
    expect((await pages.cluster.zones.text(example, SELF)).equals(held)).toBe(true);
  });

  test('shows warnings and what each server says', async () => {
    answersOf('save', [
      { member: 'm1', hostname: 'ns1.example.net', state: 'served', serial: 7, seenAt: new Date().toISOString() },
      {
        member: 'm2',
        hostname: 'ns2.example.net',
        state: 'pending',
        reason: 'It does not answer (connection refused).',
      },
    ]);
    const answer = await edit(root, example, (text) => text + '; edited\n');
    const { html } = await root.get(answer.location);
    expect(html).toContain('1 of 2 servers of the cluster serve it.');
    expect(html).toContain('It does not answer (connection refused).');
  });

  test('shows its result to the user who saved, to nobody else', async () => {
    const answer = await edit(root, example, (text) => text.replace('192.0.2.1', '192.0.2.99'));
    const key = new URL(answer.location, 'https://x').searchParams.get('result') ?? '';
    expect((await alice.get(`/zones?result=${key}`)).html).not.toContain('was saved');
    expect((await root.get(`/zones?result=${key}`)).html).toContain('was saved');
  });
});

describe('creating a zone', () => {
  test('from a text leads to its page', async () => {
    const answer = await root.post('/zones/text', {
      name: `${created.toUpperCase()}.`,
      text: ZONE.replaceAll('\n', '\r\n'),
    });
    expect([answer.status, answer.location.split('?')[0]]).toEqual([303, `/zone/${created}`]);
    expect(await stored(created)).toBe(ZONE);
  });

  test('from the template takes the address', async () => {
    const fields = {
      name: created,
      template: 'standard',
      ip: '192.0.2.44',
      ns1: 'ns1.example.net',
      ns2: 'a.example',
    };
    const answer = await root.post('/zones', fields);
    expect(answer.status).toBe(303);
    expect(await stored(created)).toMatch(/IN\tNS\tns1\.example\.net\.\n[^]*192\.0\.2\.44/);
  });

  test.each([
    { template: 'standard', ip: 'nowhere' },
    { template: 'standard', ip: '192.0.2.1\n@ IN NS evil.example.' },
    { template: '../../package', ip: '192.0.2.1' },
  ])('from the template with %j is refused with a sentence', async (fields) => {
    const page = await root.post('/zones', { name: created, ...fields });
    expect(page.status).toBeGreaterThanOrEqual(400);
    expect(page.html).toContain('role="alert"');
    expect(pages.cluster.zones.count(SELF)).toBe(1);
  });

  test('suggests the servers of the cluster as its nameservers', async () => {
    const rows = [memberRow({ id: 'm1' }), memberRow({ id: 'm2', hostname: 'ns2.example.net' })];
    const members = vi.spyOn(pages.cluster.members, 'list').mockReturnValue(rows);
    const { html } = await root.get('/zones/new');
    expect(html).toContain('name="ns1" value="ns1.example.net"');
    expect(html).toContain('name="ns2" value="ns2.example.net"');
    members.mockRestore();
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
      expect(pages.cluster.zones.count(SELF)).toBe(1);
    },
  );

  test('from a text with errors shows each with its line, and keeps the text', async () => {
    const page = await root.post('/zones/text', { name: created, text: `${ZONE}a IN A x\nb IN MX y\n` });
    expect(page.status).toBe(422);
    expect(page.html).toMatch(/data-line="6"[^]*data-line="7"/);
    expect(areaOf(page)).toContain('b IN MX y');
  });

  test('that is here already is refused', async () => {
    const page = await root.post('/zones/text', { name: example, text: ZONE });
    expect(page.status).toBe(409);
    expect(page.html).toContain(`Zone ${example} already exists`);
  });

  test('for a reverse zone with a slash in its name works in every link', async () => {
    const name = '0/26.2.0.192.in-addr.arpa';
    const answer = await root.post('/zones/text', { name, text: ZONE });
    expect(answer.location).toContain('/zone/0%2F26.2.0.192.in-addr.arpa');
    expect((await root.get(answer.location)).status).toBe(200);
    const saved = await edit(root, encodeURIComponent(name), (text) => text + '; edited\n');
    expect(saved.status).toBe(303);
    expect((await root.post(`/zone/${encodeURIComponent(name)}/delete`)).status).toBe(303);
    expect(pages.cluster.zones.get(zoneName(name), SELF)).toBeUndefined();
  });
});

describe('deleting a zone', () => {
  test('asks first and names the servers, then shows the answer of each', async () => {
    const at = { member: 'm1', hostname: 'ns1.example.net' };
    const states = vi.spyOn(pages.cluster.zones, 'states').mockReturnValue([{ ...at, state: 'served' }]);
    const question = await root.get(`/zone/${example}/delete`);
    expect(question.html).toContain('It is deleted on ns1.example.net too.');
    expect(pages.cluster.zones.count(SELF)).toBe(1);
    states.mockRestore();
    answersOf('remove', [{ ...at, state: 'removed' }]);
    const answer = await root.post(`/zone/${example}/delete`);
    expect(answer.location).toMatch(/^\/zones\?result=/);
    const { html } = await root.get(answer.location);
    expect(html).toContain(`Zone ${example} was deleted from this server.`);
    expect(html).toContain('1 of 1 servers of the cluster deleted it.');
    expect(pages.cluster.zones.count(SELF)).toBe(0);
  });
});

describe('a reseller', () => {
  beforeEach(() => pages.cluster.zones.save(ofAlice, Buffer.from(ZONE), ALICE));

  test('sees only own zones', async () => {
    const { html } = await alice.get('/zones');
    expect(html).toContain(ofAlice);
    expect(html).not.toContain(example);
  });

  test.each([
    ['/zone/NAME', undefined],
    ['/zone/NAME/delete', undefined],
    ['/zone/NAME/text', { text: '; mine now', version: '' }],
    ['/zone/NAME/delete', {}],
  ])('can not get at another’s zone: %s', async (path, fields) => {
    const theirs = path.replace('NAME', example);
    const page = fields === undefined ? await alice.get(theirs) : await alice.post(theirs, fields);
    expect([403, 404]).toContain(page.status);
    expect(page.html).not.toContain('192.0.2.1');
    expect(await stored()).toBe(ZONE);
  });

  test('edits own zones', async () => {
    const answer = await edit(alice, ofAlice, (text) => text + '; edited\n');
    expect(answer.status).toBe(303);
    expect(await stored(ofAlice)).toContain('; edited');
  });
});

describe('20,000 zones', () => {
  test('are listed 50 a page, quickly', async () => {
    const rows = Array.from({ length: 20_001 }, (_, index) => {
      const name = zoneName(`zone${index}.example`);
      return { name, serial: 1, digest: '', owner: 'root', modified: 0 };
    });
    vi.spyOn(pages.cluster.zones, 'list').mockReturnValue(rows);
    vi.spyOn(pages.cluster.zones, 'count').mockReturnValue(rows.length);
    await root.get('/zones');
    const start = performance.now();
    const page = await root.get('/zones?page=7');
    expect(performance.now() - start).toBeLessThan(500);
    expect(page.html.match(/<tr>/g)).toHaveLength(51);
    expect(page.html).toContain('Page 7 of 401');
    expect((await root.get('/zones?search=zone19999')).html).toContain('1 zone found');
  });
});
