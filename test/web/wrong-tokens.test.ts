import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FailureCounts } from '../../src/web/failure-counts.js';
import { WireApi } from './wire-api.js';

let api: WireApi;
beforeEach(async () => {
  api = await WireApi.start();
});
afterEach(() => api.end());

describe('wrong tokens', () => {
  const wrong = async (): Promise<number> => (await api.get('/scripts2/showversion?', 'whm root:wrong')).status;

  test('beyond 20 a minute are answered 429, and a good one works beside them', async () => {
    const statuses = [];
    for (let i = 0; i < 22; i++) statuses.push(await wrong());
    expect(statuses).toEqual([...Array<number>(20).fill(401), 429, 429]);
    await api.get('/scripts2/showversion?').expect(200);
    await api.get('/json-api/version?').expect(200);
    expect((await api.get('/json-api/version?', 'whm root:wrong')).status).toBe(429);
  });

  test('are not what good tokens are, however many come at once', async () => {
    const answers = await Promise.all(Array.from({ length: 60 }, () => api.get('/scripts2/showversion?')));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await wrong()).toBe(401);
  });
});

describe('the counts of wrong tokens', () => {
  afterEach(() => vi.useRealTimers());

  test('begin anew when their time is over', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    // No process's time is 0 any more.
    vi.advanceTimersByTime(1);
    const counts = new FailureCounts(60_000);
    expect([counts.increment('a').totalHits, counts.increment('a').totalHits]).toEqual([1, 2]);
    vi.advanceTimersByTime(60_001);
    expect(counts.increment('a').totalHits).toBe(1);
    expect(counts.size).toBe(1);
  });

  test('are of a bounded number of addresses: the oldest is forgotten for a new one', () => {
    const counts = new FailureCounts(60_000, 100);
    for (let i = 0; i < 1_000; i++) counts.increment(`198.51.100.${i}`);
    expect(counts.size).toBe(100);
    expect(counts.increment('198.51.100.999').totalHits).toBe(2);
    expect(counts.increment('198.51.100.0').totalHits).toBe(1);
    expect(counts.size).toBe(100);
  });
});

test.each([
  ['a form', 'POST'],
  ['an address', 'GET'],
])('a token in %s is refused with 400, beside a good one too', async (_, method) => {
  const answer =
    method === 'POST'
      ? await api.post('getzonelist_local', { access_token: api.secret })
      : await api.get(`/json-api/version?access_token=${api.secret}`);
  expect(answer.status).toBe(400);
  expect(answer.text).not.toContain(api.secret);
});

test('an address that cannot be decoded is the mistake of its sender', async () => {
  await api.get('/scripts2/%zz').expect(400);
});
