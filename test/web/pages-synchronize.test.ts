import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SELF } from '../../src/access/principal.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { BASE, startPages, ZONE, type Browser, type PagesServer } from './pages-server.js';
import type { SynchronizeResult } from '../../src/cluster/model/results.js';

const NAME = zoneName('example.org');
const ELSEWHERE = zoneName('elsewhere.example');

let pages: PagesServer;
let root: Browser;
let alice: Browser;
/** Lets the run end. */
let finish: (result: Partial<SynchronizeResult>) => void;
beforeAll(async () => {
  pages = await startPages();
  [root, alice] = [await pages.browser('root'), await pages.browser('alice')];
});
afterAll(() => pages.close());
beforeEach(async () => {
  await pages.cluster.saveZone(NAME, Buffer.from(ZONE), SELF);
  pages.cluster.states = [
    { member: 'm1', hostname: 'ns1.example.net', state: 'served', serial: 5 },
    { member: 'm2', hostname: 'ns2.example.net', state: 'failed', reason: '=cmd|"x"' },
  ];
  pages.cluster.synchronize = () =>
    new Promise((resolve) => {
      finish = (result) => resolve({ newer: [], taken: [], unreachable: [], resent: 0, ...result });
    });
});

const start = async (fields: Record<string, string>): Promise<string> => {
  const answer = await root.post('/synchronize', { what: 'all', direction: 'all', ...fields });
  expect(answer.status).toBe(303);
  return answer.location;
};
const ended = async (result: Partial<SynchronizeResult>): Promise<void> => {
  finish(result);
  await pages.cluster.job?.over;
};

describe('Synchronize DNS Records', () => {
  test('shows a plan first, from which it is begun', async () => {
    const path = await start({ plan: '1', unconfigured: '1' });
    expect(pages.cluster.job?.options).toEqual({ direction: 'all', unconfigured: true, plan: true });
    expect((await root.get(path)).html).toContain('data-events="/clusters/dns/synchronize/');
    await ended({ newer: [{ zone: ELSEWHERE, member: 'ns1.example.net', serial: 9 }] });
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
    await ended({ resent: 1 });
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
    await ended({});
    expect((await root.get(path)).html).toContain('It was cancelled.');
  });

  test('of one zone takes its name as it is typed, and refuses what is none', async () => {
    await start({ what: 'one', zone: ' Example.ORG ' });
    expect(pages.cluster.job?.options.zones).toEqual(['example.org']);
    await ended({});
    expect((await root.post('/synchronize', { what: 'one', zone: '../x', direction: 'all' })).status).toBe(422);
  });

  test('that failed says why; one of root is none to a reseller; one that is forgotten is said to be', async () => {
    pages.cluster.synchronize = () => Promise.reject(new Error('the disk is full'));
    const path = await start({});
    await pages.cluster.job?.over;
    expect((await root.get(path)).html).toContain('It ended early: the disk is full');
    expect((await alice.get(path)).status).toBe(404);
    expect((await root.get('/synchronize/none')).html).toContain('is forgotten');
  });
});
