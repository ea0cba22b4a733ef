import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { ClusterError } from '../../src/errors.js';
import { orClose } from '../../src/members/member-backend.js';
import type { MemberContext, MemberType } from '../../src/members/member-type.js';
import type * as Table from '../../src/members/member-types.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { runningNode } from '../cli/running-node.js';
import { ROOT, zoneText } from '../cluster/zone-texts.js';
import { ApiServer } from '../web/api-server.js';
import { startPagesOf } from '../web/pages-server.js';

/** What the sixth service holds, by shelf and zone, and with what it was opened last. */
const SIXTH = vi.hoisted(() => ({
  shelves: new Map<string, Map<string, string>>(),
  keys: [] as string[],
  told: undefined as MemberContext | undefined,
}));

// The line that would be added to the table.
vi.mock('../../src/members/member-types.js', async (original) => {
  const table = await original<typeof Table>();
  return { ...table, BUILT_IN_TYPES: [...table.BUILT_IN_TYPES, sixth] };
});

/** What the file of a sixth type would hold. */
const sixth: MemberType = vi.hoisted(() => ({
  type: 'sixth',
  label: 'Sixth DNS',
  fields: [
    { name: 'shelf', label: 'Shelf', type: 'text' },
    { name: 'key', label: 'Key', type: 'text', secret: true },
    { name: 'lock', label: 'Lock', type: 'text', default: '' },
  ],
  create: ({ shelf = '', key = '' }, context) => {
    const held = SIXTH.shelves.get(shelf) ?? new Map<string, string>();
    SIXTH.shelves.set(shelf, held);
    SIXTH.keys.push(key);
    SIXTH.told = context;
    return {
      batch: 10,
      probe: () => Promise.resolve({ version: '6.6', hostname: `${shelf}.sixth.example` }),
      zoneList: () => Promise.resolve([]),
      zones: () => Promise.resolve(new Map()),
      zoneExists: (name) => Promise.resolve(held.has(name)),
      push: (changes) => {
        for (const change of changes) {
          if (change.kind === 'upsert') held.set(change.name, change.text.toString());
          else held.delete(change.name);
        }
        return Promise.resolve(changes.map(({ name }) => ({ name, outcome: 'done' })));
      },
      close: () => Promise.resolve(),
    };
  },
  async prove(given, context) {
    const shelf = given['shelf'] ?? '';
    if (shelf === 'full') throw new ClusterError('member_field_invalid', { why: 'the shelf is full' });
    context.refuseTwin((other) => other['shelf'] === shelf, shelf);
    const values = { shelf, key: given['key'] ?? '', lock: `lock of ${shelf}` };
    const backend = sixth.create(values, context);
    return orClose(backend, async () => ({ values, backend, info: await backend.probe(context) }));
  },
}));

const web = runningNode();
const ZONE = zoneName('a.example');
let api: ApiServer;
let pages: Awaited<ReturnType<typeof startPagesOf>>;
beforeAll(async () => {
  const { cluster } = web.node.plugin;
  api = await ApiServer.start(cluster);
  pages = await startPagesOf(cluster);
  writeFileSync(join(web.folder, 'key'), 'SECRET\n');
}, 60_000);
afterAll(async () => {
  await pages.close();
  await api.stop();
});

const ask = async (call: string, fields: Record<string, string> = {}): Promise<unknown> => {
  const form = new URLSearchParams({ 'api.version': '1', ...fields });
  const headers = { authorization: `whm root:${api.secret}` };
  const answer = await fetch(`http://127.0.0.1:${api.port}/json-api/${call}?${form.toString()}`, { headers });
  return answer.json();
};
const add = (shelf: string): ReturnType<typeof web.run> =>
  web.run([
    ...['members', 'add', '--type', 'sixth', '--role', 'write-only', '--set', `shelf=${shelf}`],
    ...['--set-file', `key=${join(web.folder, 'key')}`],
  ]);

describe('a line in the table of member types', () => {
  test('is in the Backend Type menu in its place, with a form of its own fields', async () => {
    const root = await pages.browser('root');
    const { html } = await root.get('/members/new?type=sixth');
    const [select = ''] = /<select id="type"[^]*?<\/select>/.exec(html) ?? [];
    const menu = [...select.matchAll(/<option value="([a-z-]+)"( selected)?>/g)].map(([, type]) => type);
    expect(menu).toEqual(['cpanel', 'softlayer', 'vpsnet', 'powerdns-api', 'sixth']);
    expect(html).toMatch(/<h2 class="next">Sixth DNS Configuration<\/h2>/);
    expect(html).toMatch(/name="shelf"[^>]*type="text"/);
    expect(html).toMatch(/name="key"[^>]*type="password"/);
    expect(html).not.toContain('name="token"');
    const without = await root.get('/members/new');
    expect(without.html).toMatch(/<option value="cpanel" selected>cPanel<[^]*DNS Remote Configuration/);
  });

  test('is one of listmembertypes, with its fields', async () => {
    const answer = (await ask('listmembertypes')) as { data: { type: unknown[] } };
    expect(answer.data.type).toHaveLength(4);
    expect(answer.data.type.at(-1)).toMatchObject({ type: 'sixth', label: 'Sixth DNS', fields: sixth.fields });
  });

  test('is added by the command line, the API and the page, each held to its own check', async () => {
    const root = await pages.browser('root');
    expect(await add('one')).toMatchObject({ status: 0, err: '' });
    expect(await add('full')).toMatchObject({ status: 1, err: expect.stringContaining('the shelf is full') as string });
    expect(await add('one')).toMatchObject({
      status: 1,
      err: expect.stringContaining('already in the cluster') as string,
    });

    const fields = { type: 'sixth', role: 'write-only', key: 'SECRET' };
    expect(await ask('addmember', { ...fields, shelf: 'two' })).toMatchObject({
      metadata: { result: 1 },
      data: {
        type: 'sixth',
        hostname: 'two.sixth.example',
        version: '6.6',
        values: { shelf: 'two', lock: 'lock of two' },
      },
    });
    expect(await ask('addmember', { ...fields, shelf: 'full' })).toMatchObject({
      metadata: { result: 0, reason: expect.stringContaining('the shelf is full') as string },
    });

    expect(await root.post('/members', { ...fields, shelf: 'three' })).toMatchObject({ status: 303 });
    const refused = await root.post('/members', { ...fields, shelf: 'full' });
    expect(refused.status).toBe(422);
    expect(refused.html).toContain('the shelf is full');
    expect(refused.html).toMatch(/name="shelf" value="full"/);
    const { html } = await root.get('/');
    expect(html.match(/Sixth DNS/g)?.length).toBeGreaterThanOrEqual(3);

    const rows = web.node.plugin.cluster.members.list(ROOT);
    expect(rows.map(({ hostname }) => hostname)).toEqual(
      ['one', 'two', 'three'].map((shelf) => `${shelf}.sixth.example`),
    );
    expect(JSON.stringify(rows)).not.toContain('SECRET');
    expect(new Set(SIXTH.keys)).toEqual(new Set(['SECRET']));
  });

  test('gets zones and their removal, and is told whose member it is', async () => {
    const { cluster } = web.node.plugin;
    const held = (): (string | undefined)[] => [...SIXTH.shelves.values()].map((shelf) => shelf.get(ZONE));
    await cluster.saveZone(ZONE, zoneText(7), ROOT);
    expect(held()).toEqual(Array(3).fill(zoneText(7).toString()));
    await cluster.removeZone(ZONE, ROOT);
    expect(held()).toEqual(Array(3).fill(undefined));
    expect(SIXTH.told?.own.hostname).toBe('web.example.net');
  });

  test('is opened again from what was kept, when it is edited', async () => {
    const { members } = web.node.plugin.cluster;
    const [row] = members.list(ROOT);
    const given = { member: row?.id ?? '', shelf: 'four' };
    expect(await ask('editmember', given)).toMatchObject({ data: { hostname: 'four.sixth.example' } });
    await web.node.plugin.cluster.saveZone(ZONE, zoneText(8), ROOT);
    expect(SIXTH.shelves.get('four')?.get(ZONE)).toBe(zoneText(8).toString());
    expect(SIXTH.keys.at(-1)).toBe('SECRET');
  });
});
