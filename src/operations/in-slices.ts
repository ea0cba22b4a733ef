/** So long is worked without giving way to the event loop, milliseconds. */
const SLICE = 2;

/** Of all who work in slices: each of these has a turn of its own, else they would share one. */
let turns = Promise.resolve();

/** Begins work in slices. What it returns is called before each piece, and is a promise where others come first. */
export function slices(): () => Promise<void> | undefined {
  let began = performance.now();
  const next = async (): Promise<void> => {
    turns = turns.then(() => new Promise((resolve) => setImmediate(resolve)));
    await turns;
    began = performance.now();
  };
  return () => (performance.now() - began > SLICE ? next() : undefined);
}

/** Does it to all, and lets the event loop run in between: DNS answers, pages and calls come through. */
export async function inSlices<T>(items: Iterable<T>, work: (item: T) => void): Promise<void> {
  const turn = slices();
  for (const item of items) {
    const others = turn();
    if (others !== undefined) await others;
    work(item);
  }
}

/** What becomes of each, in their order. */
export async function mapInSlices<T, U>(items: Iterable<T>, work: (item: T) => U): Promise<U[]> {
  const made: U[] = [];
  await inSlices(items, (item) => made.push(work(item)));
  return made;
}
