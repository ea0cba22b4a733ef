import { getEventListeners } from 'node:events';
import { expect, test, vi } from 'vitest';
import { cutOffBy } from '../../src/operations/cut-off.js';

const never = (): Promise<never> => new Promise(() => undefined);

test('a call that heeds no signal is waited for no longer than the first of its signals says, and rejects with its reason', async () => {
  const [first, second] = [new AbortController(), new AbortController()];
  const heeded: AbortSignal[] = [];
  const call = cutOffBy([first.signal, undefined, second.signal], (signal) => {
    heeded.push(signal);
    return never();
  });
  second.abort(new Error('enough'));
  await expect(call).rejects.toThrow('enough');
  expect(heeded.map(({ aborted, reason }) => [aborted, reason as unknown])).toEqual([[true, new Error('enough')]]);
  const begun = vi.fn(never);
  await expect(cutOffBy([first.signal, second.signal], begun)).rejects.toThrow('enough');
  expect(begun).not.toHaveBeenCalled();
});

test('a signal that outlives its calls keeps nothing of them, however they end', async () => {
  const { signal } = new AbortController();
  await expect(cutOffBy([signal], () => Promise.resolve(7))).resolves.toBe(7);
  await expect(cutOffBy([signal], () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  const thrown = cutOffBy([signal], () => {
    throw new Error('at once');
  });
  await expect(thrown).rejects.toThrow('at once');
  await expect(cutOffBy([signal, AbortSignal.timeout(1)], never)).rejects.toMatchObject({ name: 'TimeoutError' });
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});
