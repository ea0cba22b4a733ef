import { askService, type AnswerOf, type Parameters } from '../service/running-service.js';
import type { Target } from '../service/target.js';
import type { Sound } from './candidate.js';
import type { ZoneHere } from './plan.js';

/** Zones, and octets of them, in one call. */
const MOST_ZONES = 256;
const MOST_OCTETS = 8 * 1024 * 1024;

/** What became of a zone. */
export type Imported = AnswerOf<'importzones'>['zone'][number];

/** The zones that the service has, by their names. */
export async function zonesOfService(target: Target): Promise<Map<string, ZoneHere>> {
  const { zone } = await askService(target, 'listzones');
  const held = zone.flatMap(({ domain, serial, digest, member }) =>
    member !== undefined || serial === undefined || digest === undefined ? [] : [[domain, { serial, digest }] as const],
  );
  return new Map(held);
}

/** Gives zones to the service, many in a call; resolves with each outcome. `progress` is told how many are done. */
export async function importZones(
  target: Target,
  zones: readonly Sound[],
  options: { owner?: string | undefined; switched?: boolean },
  progress: (done: number) => void,
): Promise<Imported[]> {
  const results: Imported[] = [];
  for (const batch of batchesOf(zones)) {
    const parameters: Record<string, Parameters[string]> = { owner: options.owner, switched: options.switched };
    for (const [i, { name, text }] of batch.entries()) {
      parameters[`zone-${i}`] = name;
      parameters[`zonedata-${i}`] = text;
    }
    results.push(...(await askService(target, 'importzones', parameters)).zone);
    progress(results.length);
  }
  return results;
}

function* batchesOf(zones: readonly Sound[]): Generator<Sound[]> {
  let batch: Sound[] = [];
  let octets = 0;
  for (const zone of zones) {
    if (batch.length >= MOST_ZONES || (octets > 0 && octets + zone.text.length > MOST_OCTETS)) {
      yield batch;
      [batch, octets] = [[], 0];
    }
    batch.push(zone);
    octets += zone.text.length;
  }
  if (batch.length > 0) yield batch;
}
