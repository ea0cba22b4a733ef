/** So long is worked without giving way to the event loop, milliseconds. */
const SLICE = 2;

/** Does it to all, and lets the event loop run in between: DNS answers, pages and calls come through. */
export async function inSlices<T>(items: Iterable<T>, work: (item: T) => void): Promise<void> {
  let began = performance.now();
  for (const item of items) {
    if (performance.now() - began > SLICE) {
      await new Promise((resolve) => setImmediate(resolve));
      began = performance.now();
    }
    work(item);
  }
}
