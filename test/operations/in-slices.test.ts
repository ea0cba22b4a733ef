import { describe, expect, test } from 'vitest';
import { inSlices, slices } from '../../src/operations/in-slices.js';
import { mostInOneTurn } from '../turns.js';

/** So long the processor is busy, milliseconds. */
function work(milliseconds: number): void {
  for (const end = performance.now() + milliseconds; performance.now() < end;);
}

describe('work in slices', () => {
  test('does all in its order, and lets others run in between', async () => {
    const done: number[] = [];
    const most = await mostInOneTurn(
      () =>
        inSlices(Array(100).keys(), (i) => {
          work(1);
          done.push(i);
        }),
      () => done.length,
    );
    expect(done).toEqual([...Array(100).keys()]);
    // A slice ends when it is longer than 2 ms.
    expect(most).toBeLessThanOrEqual(3);
  });

  test('of many callers takes a turn for each, and no caller waits for the end of another', async () => {
    const done = [0, 0, 0, 0, 0];
    const ends: number[] = [];
    const caller = (_: number, i: number): Promise<unknown> => {
      const length = i === 4 ? 5 : 40;
      const one = inSlices(Array(length).keys(), () => {
        work(1);
        done[i] = (done[i] ?? 0) + 1;
      });
      return one.then(() => ends.push(i));
    };
    const count = (): number => done.reduce((sum, one) => sum + one, 0);
    // The first slices are begun together, by this very call.
    const all = Promise.all(done.map(caller));
    const most = await mostInOneTurn(() => all, count);
    expect(count()).toBe(165);
    expect(most).toBeLessThanOrEqual(4);
    expect(ends[0]).toBe(4);
  });

  test('rejects where a piece throws, and others go on', async () => {
    const failing = inSlices([1, 2], () => {
      work(3);
      throw new Error('broken');
    });
    let count = 0;
    const other = inSlices([1, 2, 3], () => {
      work(3);
      count++;
    });
    await expect(failing).rejects.toThrow('broken');
    await other;
    expect(count).toBe(3);
  });

  test('that is short waits for nobody', async () => {
    const order: string[] = [];
    const others = inSlices(Array(20).keys(), () => work(2));
    await slices()();
    order.push('short');
    await others.then(() => order.push('long'));
    expect(order).toEqual(['short', 'long']);
  });
});
