import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SELF } from '../../src/access/principal.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { reseller } from '../cluster/zone-texts.js';
import { startPages, ZONE, type Browser, type Page, type PagesServer } from './pages-server.js';

const ZONES = ['a.example', 'b.example'].map(zoneName);

let pages: PagesServer;
let root: Browser;
beforeEach(async () => {
  pages = await startPages();
  root = await pages.browser('root');
  for (const zone of ZONES) await pages.cluster.saveZone(zone, Buffer.from(ZONE), reseller('alice'));
});
afterEach(() => pages.close());

const owners = (): string[] => pages.cluster.listZones(SELF).map(({ owner }) => owner);
const hasUser = (user: string): boolean => pages.server.users.find(user) !== undefined;
const question = (user = 'alice'): Promise<Page> => root.get(`/users/remove?user=${user}`);
async function remove(fields: Readonly<Record<string, string>>, user = 'alice'): Promise<Page> {
  const seen = /name="seen" value="([^"]*)"/.exec((await question(user)).html)?.[1] ?? '';
  return root.post('/users/remove', { user, seen, ...fields });
}

test('lists who there is, with their zones, and links to it from the page DNS Cluster', async () => {
  expect((await root.get('/')).html).toContain('href="/clusters/dns/users"');
  const { html } = await root.get('/users');
  expect(html).toMatch(/alice[^]*?reseller[^]*?clustering[^]*?>2</);
  expect(html).toContain('/users/remove?user=alice');
});

test('is for root only, also where root acts for somebody else', async () => {
  const alice = await pages.browser('alice');
  for (const path of ['/users', '/users/remove?user=bob']) expect((await alice.get(path)).status).toBe(403);
  expect((await alice.post('/users/remove', { user: 'bob' })).status).toBe(403);
  await root.post('/managing', { user: 'alice' });
  expect((await root.post('/users/remove', { user: 'bob' })).status).toBe(403);
  expect(hasUser('bob')).toBe(true);
});

describe('removing a user who has zones', () => {
  test('asks first, and says how many there are', async () => {
    const { status, html } = await question();
    expect(status).toBe(200);
    expect(html).toContain('2 zones belong to alice');
    expect(html).toContain('<option>bob</option>');
    expect(html).not.toContain('<option>alice</option>');
    expect(hasUser('alice')).toBe(true);
  });

  test('is refused without an answer, and with one that can not be done; the question is shown again', async () => {
    const refusals = [{}, { zones: 'give', to: 'alice' }, { zones: 'give' }] as const;
    for (const fields of refusals) {
      const { status, html } = await remove(fields);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(html).toContain('role="alert"');
    }
    expect([hasUser('alice'), owners()]).toEqual([true, ['alice', 'alice']]);
  });

  test('gives them to the one who was chosen', async () => {
    await pages.tokens.create({ user: 'alice', kind: 'reseller', name: 'script', privileges: ['clustering'] });
    const { status, location } = await remove({ zones: 'give', to: 'bob' });
    expect(status).toBe(303);
    const { html } = await root.get(location);
    expect(html).toContain('alice was removed.');
    expect(html).toContain('2 zones belong to bob now.');
    expect(html).toContain('Revoked tokens: script.');
    expect([hasUser('alice'), owners(), pages.tokens.list('alice')]).toEqual([false, ['bob', 'bob'], []]);
  });

  test('deletes them where that was chosen', async () => {
    const { location } = await remove({ zones: 'remove', to: 'bob' });
    expect((await root.get(location)).html).toContain('2 zones were removed.');
    expect([hasUser('alice'), owners()]).toEqual([false, []]);
  });

  test('is refused where there are more zones now than the question said', async () => {
    const { html } = await question();
    const seen = /name="seen" value="([^"]*)"/.exec(html)?.[1] ?? '';
    await pages.cluster.saveZone(zoneName('c.example'), Buffer.from(ZONE), reseller('alice'));
    const answer = await root.post('/users/remove', { user: 'alice', seen, zones: 'remove' });
    expect([answer.status, hasUser('alice'), owners().length]).toEqual([409, true, 3]);
    expect(answer.html).toContain('3 zones belong to alice');
  });
});

test('a user without zones is removed after a question without a choice', async () => {
  expect((await question('bob')).html).not.toContain('type="radio"');
  expect((await remove({}, 'bob')).status).toBe(303);
  expect(hasUser('bob')).toBe(false);
  expect((await remove({}, 'bob')).status).toBe(404);
});

test('the last one who can log in as root stays', async () => {
  const { status, html } = await remove({}, 'root');
  expect([status, hasUser('root')]).toEqual([409, true]);
  expect(html).toContain('nobody could log in as root');
});

describe('giving zones to another user', () => {
  const [first, second] = ZONES;

  test('from the list: all that were chosen in any spelling, and no others; the outcome is said there', async () => {
    await pages.cluster.saveZone(zoneName('c.example'), Buffer.from(ZONE), reseller('alice'));
    const sent = await root.post('/zones/owner', { owner: 'bob', zone: ['a.example', 'B.EXAMPLE.'] });
    expect(sent).toMatchObject({ status: 303, location: expect.stringMatching(/^\/zones\?/) as string });
    expect((await root.get(sent.location)).html).toContain('2 zones belong to bob now.');
    expect(owners()).toEqual(['bob', 'bob', 'alice']);
  });

  test('from the page of one: back to it, and the new owner may open it', async () => {
    const sent = await root.post('/zones/owner', { owner: 'root', zone: 'a.example' });
    expect(sent.location).toMatch(/^\/zone\/a\.example\?/);
    expect((await root.get(sent.location)).html).toContain('1 zone belongs to root now.');
    expect((await (await pages.browser('alice')).get('/zone/a.example')).status).toBe(404);
  });

  test('names the zones of which it was not done', async () => {
    const { location } = await root.post('/zones/owner', { owner: 'bob', zone: ['a.example', 'nowhere.example'] });
    const { html } = await root.get(location);
    expect(html).toContain('1 zone belongs to bob now.');
    expect(html).toContain('nowhere.example');
    expect(owners()).toEqual(['bob', 'alice']);
  });

  test('is refused without a zone, with what can be no name, and to all but root; nothing is changed then', async () => {
    expect((await root.post('/zones/owner', { owner: 'bob' })).status).toBe(400);
    const wrong = await root.post('/zones/owner', { owner: 'bob', zone: [`${first}`, 'not a zone'] });
    expect(wrong.status).toBeGreaterThanOrEqual(400);
    const alice = await pages.browser('alice');
    expect((await alice.post('/zones/owner', { owner: 'bob', zone: `${second}` })).status).toBe(403);
    expect(owners()).toEqual(['alice', 'alice']);
  });
});
