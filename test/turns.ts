/**
 * Does the work and tells how much of it was done in one turn of the event loop, at most, as `done` counts it: other
 * than a time, this is the same however busy the machine is.
 */
export async function mostInOneTurn(work: () => Promise<unknown>, done: () => number): Promise<number> {
  let most = 0;
  let before = done();
  const look = (): void => {
    most = Math.max(most, done() - before);
    before = done();
  };
  let next = setImmediate(function beat() {
    look();
    next = setImmediate(beat);
  });
  try {
    await work();
  } finally {
    clearImmediate(next);
  }
  look();
  return most;
}
