import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { SELF } from '../../src/access/principal.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { removeZones, startPages, ZONE, type Browser, type Page, type PagesServer } from './pages-server.js';

const NAME = zoneName('example.org');

let pages: PagesServer;
let root: Browser;
let alice: Browser;
beforeAll(async () => {
  pages = await startPages();
  [root, alice] = [await pages.browser('root'), await pages.browser('alice')];
});
afterEach(() => vi.restoreAllMocks());
afterAll(() => pages.close());
beforeEach(async () => {
  await removeZones(pages.cluster);
  await pages.cluster.zones.save(NAME, Buffer.from(ZONE), SELF);
});

const versionOn = ({ html }: Page): string => /name="version" value="([^"]+)"/.exec(html)?.[1] ?? '';
const text = async (): Promise<string> => (await pages.cluster.zones.text(NAME, SELF)).toString();
const version = async (): Promise<string> => versionOn(await root.get('/zone/example.org/record'));

describe('the records of a zone', () => {
  test('are listed and found by name, type and value', async () => {
    const all = await root.get('/zone/example.org/records');
    expect(all.html).toContain('3 records');
    expect(all.html).not.toContain('SOA</td>');
    for (const search of ['WWW', 'a', '192.0.2']) {
      expect((await root.get(`/zone/example.org/records?search=${search}`)).html).toContain('192.0.2.1');
    }
    expect((await root.get('/zone/example.org/records?search=nothing')).html).toContain('No record was found');
  });

  test('one is added, and all other lines stay as they are', async () => {
    const fields = { name: 'mail', ttl: '60', type: 'mx', value: '10 mx', version: await version() };
    const answer = await root.post('/zone/example.org/record', fields);
    expect(answer.status).toBe(303);
    expect((await root.get(answer.location)).html).toContain('10 mx.example.org.');
    for (const line of ZONE.split('\n').slice(2)) expect(await text()).toContain(line);
    expect(await text()).toContain('; the web server');
  });

  test.each([
    ['@', 'TXT', '"v=spf1 -all" "two"', /^example\.org\.\s+60\s+IN\s+TXT\s+"v=spf1 -all" "two"/m],
    ['caf\u00e9.other.example.org.', 'A', '192.0.2.9', undefined],
    ['x', 'TXT', '"caf\u00e9"', /"caf\\195\\169"/],
    ['_443._tcp', 'TYPE65280', '\\# 2 ABCD', /TYPE65280\s+\\# 2 ABCD/],
  ])('%s %s %s is taken as it is meant', async (name, type, value, written) => {
    const answer = await root.post('/zone/example.org/record', {
      name,
      ttl: '60',
      type,
      value,
      version: await version(),
    });
    if (written === undefined) expect(answer.status).toBeLessThan(500);
    else expect(await text()).toMatch(written);
  });

  test.each([
    [{ type: 'A', value: '192.0.2' }, 'Parameter value is &#34;192.0.2&#34;, which is not valid: '],
    [
      { type: 'A', value: '192.0.2.1\n@ NS evil.example.' },
      'Parameter value is &#34;192.0.2.1\n@ NS evil.example.&#34;, which is not valid: ',
    ],
    [{ type: 'NOPE' }, 'Parameter type is &#34;NOPE&#34;'],
    [{ type: 'SOA' }, 'can&#39;t be added here'],
    [{ ttl: '-1' }, 'Parameter ttl'],
    [{ name: 'x..y' }, 'Parameter name is &#34;x..y&#34;, which is not valid: '],
    [{ name: 'www', type: 'CNAME', value: 'a.example.net.' }, 'was refused and nothing was changed'],
  ])('%j is refused with a sentence, keeps what was typed, and changes nothing', async (wrong, sentence) => {
    const before = await text();
    const fields = { name: 'new', ttl: '60', type: 'A', value: '192.0.2.1', version: await version(), ...wrong };
    const page = await root.post('/zone/example.org/record', fields);
    expect(page.status).toBeGreaterThanOrEqual(400);
    expect(page.html.replaceAll('&#39;', '&#39;')).toContain(sentence);
    expect(page.html).toContain(`name="name" value="${fields.name}"`);
    expect(await text()).toBe(before);
  });

  test('one is edited in its line, and one is removed', async () => {
    const list = await root.get('/zone/example.org/records?search=www');
    const line = /record\?line=(\d+)/.exec(list.html)?.[1] ?? '';
    const form = await root.get(`/zone/example.org/record?line=${line}`);
    expect(form.html).toContain('>192.0.2.1</textarea>');
    const fields = { line, name: 'www', ttl: '300', type: 'A', value: '192.0.2.7', version: versionOn(form) };
    await root.post('/zone/example.org/record', fields);
    expect(await text()).toMatch(/www\.example\.org\.\s+300\s+IN\s+A\s+192\.0\.2\.7.*; the web server/);
    // From a page that is older than the zone: nothing is done.
    const late = await root.post('/zone/example.org/record/remove', { line, version: versionOn(form) });
    expect([late.status, late.html.includes('changed by somebody else')]).toEqual([409, true]);
    await root.post('/zone/example.org/record/remove', { line, version: await version() });
    expect(await text()).not.toContain('www');
  });

  test('of somebody else are not there for a reseller', async () => {
    for (const path of ['records', 'record', 'history', 'version?time=x'])
      expect((await alice.get(`/zone/example.org/${path}`)).status).toBeGreaterThanOrEqual(403);
    const fields = { name: 'x', ttl: '60', type: 'A', value: '192.0.2.1', version: await version() };
    expect((await alice.post('/zone/example.org/record', fields)).status).toBeGreaterThanOrEqual(403);
    expect(await text()).not.toContain('x.example.org');
  });
});

describe('the history of a zone', () => {
  test('says who changed what, shows a version with its difference, and brings it back', async () => {
    const time = '2026-01-01T00:00:00.000Z';
    const old = ZONE.replace('192.0.2.1', '192.0.2.200');
    vi.spyOn(pages.cluster.zones, 'history').mockResolvedValue([
      { time, user: 'ann', via: 'token script', change: 'saved', serial: 4, newSerial: 5, text: Buffer.from(old) },
    ]);
    const { html } = await root.get('/zone/example.org/history');
    for (const part of ['ann', 'token script', 'Serial 4 to 5']) expect(html).toContain(part);
    const version = await root.get(`/zone/example.org/version?time=${time}`);
    expect(version.html).toMatch(
      /<span class="gone">− www IN A 192\.0\.2\.1 [\s\S]*<span class="new">\+ www IN A 192\.0\.2\.200 /,
    );
    const shown = / name="version" value="([^"]+)"/.exec(version.html)?.[1] ?? '';
    const answer = await root.post('/zone/example.org/undo', { time, version: shown });
    expect(answer.status).toBe(303);
    expect(await text()).toContain('192.0.2.200');
    expect((await root.post('/zone/example.org/undo', { time: 'another', version: shown })).status).toBe(404);
  });
});

describe('Managing DNS Cluster as', () => {
  test('root sees and does what a reseller may, says so on each page, and is root again', async () => {
    await pages.cluster.zones.save(zoneName('alice.example'), Buffer.from(ZONE), {
      ...SELF,
      user: 'alice',
      kind: 'reseller',
    });
    expect((await root.get('/zones')).html).toContain('example.org');
    const answer = await root.post('/managing', { user: 'alice' });
    expect((await root.get(answer.location)).html).toContain('You are acting as alice.');
    const { html } = await root.get('/zones');
    expect(html).toContain('alice.example');
    expect(html).not.toContain('>example.org<');
    expect(html).toMatch(/<option value="alice" selected>/);
    expect((await root.get('/zone/example.org')).status).toBeGreaterThanOrEqual(403);
    await root.post('/managing', { user: '' });
    expect((await root.get('/zone/example.org')).status).toBe(200);
  });

  test('is for root alone, and for resellers of the panel', async () => {
    expect((await alice.post('/managing', { user: 'root' })).status).toBe(403);
    expect((await alice.get('/zones')).html).not.toContain('Managing DNS Cluster as');
    expect((await root.post('/managing', { user: 'nobody' })).status).toBe(400);
  });
});
