import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { SELF } from '../../src/access/principal.js';
import { zoneName, type ZoneName } from '../../src/zones/zone-name.js';
import { BASE, startPages, ZONE, type Browser, type PagesServer } from './pages-server.js';
import type { MemberType } from '../../src/members/member-type.js';
import type { SynchronizeJob } from '../../src/cluster/model/results.js';

const NAME = zoneName('example.org');
const ELSEWHERE = zoneName('elsewhere.example');

let pages: PagesServer;
let root: Browser;
let alice: Browser;
/** Lets the run end. */
let finish: (zones: Map<ZoneName, Buffer>) => void;
let held: Promise<Map<ZoneName, Buffer>>;
/** A member that says what it holds when a test lets it. */
const SLOW: MemberType = {
  type: 'slow',
  label: 'Slow',
  fields: [],
  create: () => ({
    batch: 10,
    probe: () => Promise.resolve({ version: '1', hostname: 'ns1.example.net' }),
    zoneList: async () => [...(await held).keys()],
    zones: () => held,
    zoneExists: async (name) => (await held).has(name),
    push: (changes) => Promise.resolve(changes.map(({ name }) => ({ name, outcome: 'done' }))),
    close: () => Promise.resolve(),
  }),
};
beforeAll(async () => {
  pages = await startPages({ memberTypes: [SLOW] });
  await pages.cluster.members.add({ type: 'slow', values: {}, role: 'sync' }, SELF);
  [root, alice] = [await pages.browser('root'), await pages.browser('alice')];
});
afterEach(() => vi.restoreAllMocks());
afterAll(() => pages.close());
beforeEach(async () => {
  await pages.cluster.zones.save(NAME, Buffer.from(ZONE), SELF);
  vi.spyOn(pages.cluster.zones, 'states').mockReturnValue([
    { member: 'm1', hostname: 'ns1.example.net', state: 'served', serial: 5 },
    { member: 'm2', hostname: 'ns2.example.net', state: 'failed', reason: '=cmd|"x"' },
  ]);
  held = new Promise((resolve) => (finish = resolve));
});

const start = async (fields: Record<string, string>): Promise<string> => {
  const answer = await root.post('/synchronize', { what: 'all', direction: 'all', ...fields });
  expect(answer.status).toBe(303);
  return answer.location;
};
const jobAt = (path: string): SynchronizeJob | undefined =>
  pages.cluster.synchronize.job(path.replace('/synchronize/', ''), SELF);
const ended = async (path: string, zones: [ZoneName, Buffer][] = []): Promise<void> => {
  finish(new Map(zones));
  await jobAt(path)?.over;
};

describe('Synchronize DNS Records', () => {
  test('shows a plan first, from which it is begun', async () => {
    const path = await start({ plan: '1', unconfigured: '1' });
    expect(jobAt(path)?.options).toEqual({ direction: 'all', unconfigured: true, plan: true });
    expect((await root.get(path)).html).toContain('data-events="/clusters/dns/synchronize/');
    await ended(path, [[ELSEWHERE, Buffer.from(ZONE)]]);
    const { html } = await root.get(path);
    expect(html).toContain('elsewhere.example');
    expect(html).toContain('not here');
    expect(html).toMatch(/name="unconfigured" value="1"[\s\S]*Synchronize now/);
    expect(html).not.toContain('name="plan"');
  });

  test('shows how far it is without a script, too, and by events; its result by zone and server can be downloaded', async () => {
    const path = await start({});
    const running = await root.get(path);
    expect(running.html).toContain('<noscript><meta http-equiv="refresh"');
    const events = root.agent.get(`${BASE}${path}/events`).buffer(true);
    const told = events.then(({ text }) => text);
    await ended(path);
    expect(await told).toMatch(/^event: over\ndata: \{"state":"done"/m);
    const { html } = await root.get(path);
    expect(html).toMatch(/ns2\.example\.net[\s\S]*ns1\.example\.net/);
    const csv = await root.agent.get(`${BASE}${path}/result.csv`).expect(200);
    expect(csv.headers['content-disposition']).toMatch(/attachment; filename="?synchronize-/);
    // No field of it is a formula to a spreadsheet.
    expect(csv.text).toBe(
      `zone,server,outcome,detail\r\nexample.org,ns2.example.net,Failed,"'=cmd|""x"""\r\nexample.org,ns1.example.net,Served,serial 5\r\n`,
    );
  });

  test('can be cancelled', async () => {
    const path = await start({});
    expect((await root.post(`${path}/cancel`)).status).toBe(303);
    await ended(path);
    expect((await root.get(path)).html).toContain('It was cancelled.');
  });

  test('of one zone takes its name as it is typed, and refuses what is none', async () => {
    const path = await start({ what: 'one', zone: ' Example.ORG ' });
    expect(jobAt(path)?.options.zones).toEqual(['example.org']);
    await ended(path);
    expect((await root.post('/synchronize', { what: 'one', zone: '../x', direction: 'all' })).status).toBe(422);
  });

  test('that failed says why; one of root is none to a reseller; one that is forgotten is said to be', async () => {
    vi.spyOn(pages.cluster['parts'].store, 'names').mockImplementation(() => {
      throw new Error('the disk is full');
    });
    const path = await start({});
    await ended(path);
    expect((await root.get(path)).html).toContain('It ended early: the disk is full');
    expect((await alice.get(path)).status).toBe(404);
    expect((await root.get('/synchronize/none')).html).toContain('is no longer known');
  });
});
