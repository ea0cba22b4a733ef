import { formatIssue, isClusterError, type ClusterError } from '../../errors.js';
import { formatConflict, formatKept, type ZoneOutcome } from '../../wire-format/outcome-lines.js';
import type { ZoneName } from '../../zones/zone-name.js';
import { conversion } from '../../presentation/conversion.js';
import type { BatchOutcome, ChangeResult } from '../../cluster/model/results.js';

/** The status of an answer by which nothing was done: every zone in it was refused. */
export const UNPROCESSABLE = 422;
const LONGEST_NAME = 255;

/** The saved version: its serial may have been lifted. Not the present one, which another change may have made. */
export function savedAs({ zone: name, serial, digest }: ChangeResult): ZoneOutcome {
  if (serial === undefined || digest === undefined) throw new Error('a zone that was saved has a version');
  return { name, outcome: 'saved', serial, digest };
}

/** Why a zone of a batch was refused, with the place of its first error. */
export function refusedAs({ zone, error }: BatchOutcome & { error: ClusterError }): ZoneOutcome {
  const issue = error.issues.find(({ severity }) => severity === 'error');
  return { name: zone, outcome: 'refused', reason: issue === undefined ? error.message : formatIssue(issue) };
}

/** A line for its sender where another server has the zone, too. */
export function conflictLines(of: BatchOutcome): string[] {
  const error = 'error' in of ? of.error : undefined;
  const refusedFor = isClusterError(error, 'zone_of_other_server') ? error.facts.server : undefined;
  const other = 'result' in of ? of.result.conflictWith : refusedFor;
  return other === undefined ? [] : [formatConflict({ name: of.zone, with: other })];
}

/** A line for its sender where a version that it does not know of is kept. */
export function keptLines(of: BatchOutcome): string[] {
  const error = 'error' in of ? of.error : undefined;
  return isClusterError(error, 'zone_set_back') ? [formatKept(of.zone, error.facts)] : [];
}

/** What was sent as a zone's name and is none, in one word of a line. */
export function unnamedAs(given: string, reason: string): ZoneOutcome {
  return { name: given.slice(0, LONGEST_NAME).replaceAll(/\s/g, '?'), outcome: 'refused', reason };
}

/** Lines beside the outcomes, which no peer reads and people do. */
export function conversionLines(given: string, name: ZoneName): string[] {
  return conversion(given, name).map((sentence) => `${sentence}\n`);
}
