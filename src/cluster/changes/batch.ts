import pLimit from 'p-limit';
import { asClusterError } from '../../errors.js';
import type { ZoneName } from '../../zones/zone-name.js';
import type { BatchOutcome, ChangeResult } from '../model/results.js';

/** So many changes are begun in one turn of the event loop. */
const PER_TURN = 8;
/** Of all batches that run: else each would take its share of the same turn. */
const turns = pLimit(1);

/**
 * One outcome for each zone, in their order; one that fails stops none of the others. `atOnce`: without a pause, so
 * that the changes come to nameserver and members as one.
 */
export async function inBatch<T extends { name: ZoneName }>(
  zones: readonly T[],
  change: (zone: T) => Promise<ChangeResult>,
  { atOnce = false } = {},
): Promise<BatchOutcome[]> {
  const running: Promise<BatchOutcome>[] = [];
  const perTurn = atOnce ? Math.max(1, zones.length) : PER_TURN;
  for (let at = 0; at < zones.length; at += perTurn) {
    // Parsing is work for the processor: DNS answers and pages come through between a few of them.
    await turns(() => {
      for (const zone of zones.slice(at, at + perTurn)) running.push(outcomeOf(zone.name, change(zone)));
      return new Promise((resolve) => setImmediate(resolve));
    });
  }
  return Promise.all(running);
}

async function outcomeOf(zone: ZoneName, result: Promise<ChangeResult>): Promise<BatchOutcome> {
  try {
    return { zone, result: await result };
  } catch (error) {
    return { zone, error: asClusterError(error) };
  }
}
