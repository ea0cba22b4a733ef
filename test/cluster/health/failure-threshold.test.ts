import { describe, expect, test } from 'vitest';
import { HEALTHY, nextHealth, type Health, type HealthEvent } from '../../../src/cluster/health/failure-threshold.js';

const failure: HealthEvent = {
  kind: 'failure',
  why: { kind: 'unreachable', sentence: 'ns1 does not answer' },
};
const success: HealthEvent = { kind: 'success', at: 1_000 };

function after(events: readonly HealthEvent[], threshold: number, from: Health = HEALTHY): Health {
  return events.reduce((health, event) => nextHealth(health, event, threshold), from);
}

describe('the failure threshold', () => {
  test.each([
    {
      name: 'one failure of ten makes a member failing',
      events: [failure],
      threshold: 10,
      state: 'failing',
      failures: 1,
    },
    {
      name: 'the tenth of ten disables it',
      events: Array<HealthEvent>(10).fill(failure),
      threshold: 10,
      state: 'disabled',
      failures: 10,
    },
    {
      name: 'a success resets the count',
      events: [failure, failure, success],
      threshold: 10,
      state: 'online',
      failures: 0,
    },
    {
      name: 'failures count in a row only',
      events: [...Array<HealthEvent>(9).fill(failure), success, failure],
      threshold: 10,
      state: 'failing',
      failures: 1,
    },
    { name: 'threshold 1 disables at once', events: [failure], threshold: 1, state: 'disabled', failures: 1 },
    {
      name: 'threshold 0 keeps it online for ever',
      events: Array<HealthEvent>(500).fill(failure),
      threshold: 0,
      state: 'failing',
      failures: 500,
    },
    {
      name: 'a disabled member stays so when it answers',
      events: [failure, success],
      threshold: 1,
      state: 'disabled',
      failures: 1,
    },
    {
      name: 'an administrator enables it',
      events: [failure, { kind: 'enable' } as const],
      threshold: 1,
      state: 'online',
      failures: 0,
    },
    {
      name: 'an administrator disables it',
      events: [{ kind: 'disable', why: { sentence: 'maintenance' } } as const],
      threshold: 10,
      state: 'disabled',
      failures: 0,
    },
  ])('$name', ({ events, threshold, state, failures }) => {
    expect(after(events, threshold)).toMatchObject({ state, failures });
  });

  test('the last failure says why, until the member answers again', () => {
    expect(after([failure], 10).lastFailure).toEqual({ kind: 'unreachable', sentence: 'ns1 does not answer' });
    expect(after([failure, success], 10).lastFailure).toBeUndefined();
    expect(after([failure, success], 10).lastContact).toBe(1_000);
  });
});
