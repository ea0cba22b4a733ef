import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SELF } from '../../src/access/principal.js';
import { RecentWrites } from '../../src/web/wire/recent-writes.js';
import type { WireAnswer } from '../../src/web/wire/wire-call.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { WireApi, zoneText } from './wire-api.js';

const NAME = zoneName('a.example');
let api: WireApi;
beforeEach(async () => {
  api = await WireApi.start();
});
afterEach(() => api.end());

const serial = (): number | undefined => api.cluster.zones.get(NAME, SELF)?.serial;

describe('a write that arrives again with the same dnsuniqid', () => {
  test.each([
    ['savezone_local', (n: number) => ({ dnsuniqid: 'id_1', zone: NAME, zonedata: zoneText(n) })],
    ['quickzoneadd_local', (n: number) => ({ zone: NAME, zonedata: zoneText(n), dnsuniqid: 'id_1' })],
    ['synczones_local', (n: number) => ({ [`cpdnszone-${NAME}`]: zoneText(n), dnsuniqid: 'id_1' })],
    ['synczones_local', (n: number) => ({ dnsuniqid: 'id_1', [`cpdnszone-${NAME}`]: zoneText(n) })],
  ])('succeeds with the same answer and is not done again: %s %#', async (call, fields) => {
    const first = await api.post(call, fields(5)).expect(200);
    await api.post('savezone_local', { zone: NAME, zonedata: zoneText(6) }).expect(200);
    const again = await api.post(call, fields(5)).expect(200);
    expect(again.text).toBe(first.text);
    expect(serial()).toBe(6);
  });

  test.each(['removezone_local', 'removezones_local'])(
    'takes no zone away that was made meanwhile: %s',
    async (call) => {
      const fields = { zone: NAME, zones: NAME, dnsuniqid: 'id_1' };
      await api.post('savezone_local', { zone: NAME, zonedata: zoneText(5) });
      const first = await api.post(call, fields).expect(200);
      await api.post('savezone_local', { zone: NAME, zonedata: zoneText(6) });
      expect((await api.post(call, fields).expect(200)).text).toBe(first.text);
      expect(serial()).toBe(6);
    },
  );

  test('is another one where the call differs: the original numbers an action, not a call', async () => {
    await api.post('savezone_local', { zone: NAME, zonedata: zoneText(5), dnsuniqid: 'id_1' });
    await api.post('removezone_local', { zone: NAME, dnsuniqid: 'id_1' });
    expect(serial()).toBeUndefined();
    await api.post('savezone_local', { zone: NAME, zonedata: zoneText(6), dnsuniqid: 'id_1_1' });
    expect(serial()).toBe(6);
  });

  test('is another one where it comes from another user', async () => {
    const ann = await api.tokens.create({ user: 'ann', kind: 'reseller', name: 'own', privileges: ['clustering'] });
    await api.post('savezone_local', { zone: NAME, zonedata: zoneText(5), dnsuniqid: 'id_1' });
    const other = { zone: 'ann.example', zonedata: zoneText(5), dnsuniqid: 'id_1' };
    const answer = await api.post('savezone_local', other, `whm ann:${ann.secret}`).expect(200);
    expect(answer.text).toMatch(/^ann\.example => saved/);
  });

  test('is done where it was refused before', async () => {
    await api.post('savezone_local', { zone: NAME, zonedata: 'broken', dnsuniqid: 'id_1' }).expect(422);
    await api.post('synczones_local', { [`cpdnszone-${NAME}`]: 'broken', dnsuniqid: 'id_1' }).expect(422);
    await api.post('synczones_local', { [`cpdnszone-${NAME}`]: zoneText(5), dnsuniqid: 'id_1' }).expect(200);
    expect(serial()).toBe(5);
  });

  test.each(['', 'x'.repeat(300), 'a\nb'])('is done where its dnsuniqid %j is none', async (dnsuniqid) => {
    for (const n of [5, 6]) await api.post('savezone_local', { zone: NAME, zonedata: zoneText(n), dnsuniqid });
    expect(serial()).toBe(6);
  });

  test('a read is always done', async () => {
    expect((await api.post('zoneexists_local', { zone: NAME, dnsuniqid: 'id_1' })).text).toBe('0');
    await api.post('savezone_local', { zone: NAME, zonedata: zoneText(5) });
    expect((await api.post('zoneexists_local', { zone: NAME, dnsuniqid: 'id_1' })).text).toBe('1');
  });
});

describe('recent writes', () => {
  afterEach(() => vi.useRealTimers());
  const count = (): { done: number; write: () => WireAnswer } => {
    const counted = { done: 0, write: (): WireAnswer => ({ body: String(++counted.done) }) };
    return counted;
  };

  test('are remembered for ten minutes', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    // No process's time is 0 any more.
    vi.advanceTimersByTime(1);
    const recent = new RecentWrites();
    const counted = count();
    await recent.once('k', counted.write);
    vi.advanceTimersByTime(599_000);
    await expect(recent.once('k', counted.write)).resolves.toEqual({ body: '1' });
    vi.advanceTimersByTime(2_000);
    await expect(recent.once('k', counted.write)).resolves.toEqual({ body: '2' });
  });

  test('that come at the same time are done once', async () => {
    const recent = new RecentWrites();
    const counted = count();
    const answers = await Promise.all(Array.from({ length: 5 }, () => recent.once('k', counted.write)));
    expect(answers.map(({ body }) => body)).toEqual(['1', '1', '1', '1', '1']);
  });

  test('that waited for one that failed are done themselves, one after the other', async () => {
    const recent = new RecentWrites();
    const counted = count();
    const failing = recent.once('k', () => Promise.reject(new Error('cut off')));
    const after = Promise.all([recent.once('k', counted.write), recent.once('k', counted.write)]);
    await expect(failing).rejects.toThrow('cut off');
    expect((await after).map(({ body }) => body)).toEqual(['1', '1']);
  });

  test('take no more memory than they may: the oldest are forgotten', async () => {
    const recent = new RecentWrites(100_000);
    const counted = count();
    await recent.once('first', counted.write);
    const long = createHash('sha256').update('x').digest('hex').repeat(15);
    for (let i = 0; i < 200; i++) await recent.once(`k${i}`, () => ({ body: long }));
    await expect(recent.once('k199', counted.write)).resolves.toEqual({ body: long });
    await expect(recent.once('first', counted.write)).resolves.toEqual({ body: '2' });
  });
});
