import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { expect } from 'vitest';

/** Seconds for each target; `FUZZ_SECONDS=600 npx vitest run --project unit test/fuzz` goes deep. */
const SECONDS = Number(process.env['FUZZ_SECONDS'] ?? 8);
/** The same inputs each time; `FUZZ_SEED=random` takes others. Every failure names its seed. */
const SEED = process.env['FUZZ_SEED'] === 'random' ? Date.now() | 0 : Number(process.env['FUZZ_SEED'] ?? 1035);
/** One input takes at most so long, milliseconds: thousands of times what it takes, because machines are busy. */
const HANG = 10_000;
/** What may be left in memory after all inputs, octets. */
const GROWTH = 64 * 1024 * 1024;

export const FUZZ_TIMEOUT = SECONDS * 1_000 + 120_000;

/**
 * Gives `run` inputs for as long as there is time: it must not throw what is not allowed, hang, or keep memory. Where
 * it does, the input is made as small as possible first.
 */
export async function fuzz(inputs: fc.Arbitrary<Buffer>, run: (input: Buffer) => unknown): Promise<void> {
  let slowest = 0;
  let count = 0;
  const before = heap();
  await fc.assert(
    fc.asyncProperty(inputs, async (input) => {
      const start = performance.now();
      await run(input);
      slowest = Math.max(slowest, performance.now() - start);
      count++;
    }),
    { seed: SEED, numRuns: 10_000_000, interruptAfterTimeLimit: SECONDS * 1_000, markInterruptAsFailure: false },
  );
  expect(slowest, 'the slowest input, milliseconds').toBeLessThan(HANG);
  expect(heap() - before, 'octets kept').toBeLessThan(GROWTH);
  expect(count).toBeGreaterThan(10);
  process.stderr.write(`fuzz: ${count} inputs, seed ${SEED}, the slowest ${Math.round(slowest)} ms\n`);
}

function heap(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}
