import { Cookie, type SessionData } from 'express-session';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SessionStore } from '../../src/panel/session-store.js';

const IDLE = 60_000;
let store: SessionStore;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'Date'] });
  // No process's time is 0 any more.
  vi.advanceTimersByTime(1);
  store = new SessionStore(3, IDLE);
});
afterEach(() => vi.useRealTimers());

const session = (user: string): SessionData => ({ cookie: new Cookie(), user, loginId: '1', passwordMark: 'm' });
const userOf = (id: string): Promise<string | undefined> =>
  new Promise((resolve) => store.get(id, (_error, found) => resolve(found?.user)));

describe('a session', () => {
  test('is over when it was not used for its time, not when it is old', async () => {
    store.set('a', session('ann'));
    store.set('b', session('bob'));
    for (let i = 0; i < 3; i++) {
      vi.advanceTimersByTime(IDLE / 2);
      store.touch('a', session('ann'));
    }
    expect([await userOf('a'), await userOf('b')]).toEqual(['ann', undefined]);
    vi.advanceTimersByTime(IDLE + 1);
    store.touch('a', session('ann'));
    expect(await userOf('a')).toBeUndefined();
  });

  test('is as long as it was, whatever the clock is set to', async () => {
    store.set('a', session('ann'));
    vi.setSystemTime('2099-01-01');
    expect(await userOf('a')).toBe('ann');
    vi.setSystemTime('1999-01-01');
    vi.advanceTimersByTime(IDLE + 1);
    expect(await userOf('a')).toBeUndefined();
  });

  test('that was used last stays when there are more than may be', async () => {
    for (const id of ['a', 'b', 'c']) store.set(id, session(id));
    await userOf('a');
    store.set('d', session('d'));
    expect(await Promise.all(['a', 'b', 'c', 'd'].map(userOf))).toEqual(['a', undefined, 'c', 'd']);
  });

  test('that was ended is not brought back by a request that was under way', async () => {
    store.set('a', session('ann'));
    store.destroy('a');
    store.touch('a', session('ann'));
    expect(await userOf('a')).toBeUndefined();
  });

  test('is kept as it was, whatever becomes of the object', async () => {
    const held = session('ann');
    store.set('a', held);
    held.user = 'root';
    expect(await userOf('a')).toBe('ann');
  });
});
