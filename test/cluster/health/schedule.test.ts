import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Schedule } from '../../../src/cluster/health/schedule.js';
import { createLog } from '../../../src/operations/log.js';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const NOW = Date.parse('2026-03-01T12:00:30Z');

describe('a schedule of each minute', () => {
  let runs = 0;
  let schedule: Schedule;
  beforeEach(async () => {
    vi.useFakeTimers({ now: NOW });
    runs = 0;
    const count = (): Promise<number> => Promise.resolve(runs++);
    schedule = new Schedule('* * * * *', 'count', count, createLog({ level: 'silent' }));
    await schedule.start();
  });
  afterEach(async () => {
    await schedule.stop();
    vi.useRealTimers();
  });

  const pass = async (minutes: number): Promise<number> => {
    const before = runs;
    await vi.advanceTimersByTimeAsync(minutes * MINUTE);
    return runs - before;
  };

  test('runs each minute', async () => {
    expect(await pass(5)).toBe(5);
  });

  test.each([
    ['back by three days', -3 * DAY],
    ['back by an hour', -60 * MINUTE],
    ['forward by an hour', 60 * MINUTE],
    ['forward by 400 days', 400 * DAY],
  ])('goes on when the clock is set %s', async (_, by) => {
    await pass(2);
    vi.setSystemTime(Date.now() + by);
    // It may take part of a minute to see it.
    expect(await pass(5)).toBeGreaterThanOrEqual(4);
    expect(await pass(5)).toBe(5);
  });

  test('that was stopped does not begin again because the clock was set', async () => {
    await schedule.stop();
    vi.setSystemTime(Date.now() - DAY);
    expect(await pass(5)).toBe(0);
  });
});
