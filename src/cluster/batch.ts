import { ClusterError } from '../errors.js';
import type { ZoneName } from '../zones/zone-name.js';
import type { BatchOutcome, ChangeResult } from './cluster.js';

/** After so many changes in one batch the event loop gets its turn. */
const PER_TURN = 32;

/** One outcome for each zone, in their order; one that fails stops none of the others. */
export async function inBatch<T extends { name: ZoneName }>(
  zones: readonly T[],
  change: (zone: T) => Promise<ChangeResult>,
): Promise<BatchOutcome[]> {
  const running: Promise<BatchOutcome>[] = [];
  for (const zone of zones) {
    running.push(outcomeOf(zone.name, change(zone)));
    // Parsing is work for the processor: let DNS answers and pages through between a few of them.
    if (running.length % PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return Promise.all(running);
}

async function outcomeOf(zone: ZoneName, result: Promise<ChangeResult>): Promise<BatchOutcome> {
  try {
    return { zone, result: await result };
  } catch (error) {
    if (error instanceof ClusterError) return { zone, error };
    return { zone, error: new ClusterError('internal', {}, { cause: error }) };
  }
}
