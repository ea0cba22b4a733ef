import { asClusterError } from '../../errors.js';
import { inSlices } from '../../operations/in-slices.js';
import type { ZoneName } from '../../zones/zone-name.js';
import type { BatchOutcome, ChangeResult } from '../model/results.js';

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
  const begin = (zone: T): unknown => running.push(outcomeOf(zone.name, change(zone)));
  // Parsing is work for the processor: DNS answers and pages come through in between.
  if (atOnce) zones.forEach(begin);
  else await inSlices(zones, begin);
  return Promise.all(running);
}

async function outcomeOf(zone: ZoneName, result: Promise<ChangeResult>): Promise<BatchOutcome> {
  try {
    return { zone, result: await result };
  } catch (error) {
    return { zone, error: asClusterError(error) };
  }
}
