import { DRIFT_KINDS } from '../../cluster/model/drift-kinds.js';
import { timeAgo } from '../../presentation/words.js';
import type { AnswerOf } from '../service/running-service.js';
import { table } from '../terminal/output.js';

type DriftRow = AnswerOf<'checkdrift'>['report'][number];

/** Does it need nobody? What is repaired by itself does not. */
export function isResolved({ differences, found, incomplete }: DriftRow): boolean {
  const open = differences.filter(({ repaired }) => repaired === undefined).length + found - differences.length;
  return open === 0 && incomplete === undefined;
}

/** Every difference a line, and below, what was compared. */
export function driftTable(reports: readonly DriftRow[]): string {
  const lines = reports.flatMap(({ hostname, differences }) =>
    differences.map(({ zone, kind, here = 'not here', there = 'unknown', detail, repaired }) => [
      ...[hostname, zone, labelOf(kind), here, there],
      [detail, repaired].filter((text) => text !== undefined).join(' '),
    ]),
  );
  const list = table(['MEMBER', 'ZONE', 'DIFFERENCE', 'HERE', 'THERE', 'DETAIL'], lines);
  return `${list}${list === '' ? '' : '\n'}${reports.map(comparisonOf).join('')}`;
}

/** In the words of the page; what a later version knows besides is shown as it is. */
function labelOf(kind: string): string {
  return (DRIFT_KINDS as Readonly<Record<string, { label: string }>>)[kind]?.label ?? kind;
}

function comparisonOf({ hostname, compared, by, finished, found, differences, incomplete }: DriftRow): string {
  const zones = `${compared.toLocaleString('en')} ${compared === 1 ? 'zone' : 'zones'}`;
  const differ = found === 0 ? 'all match' : `${found.toLocaleString('en')} differ`;
  const cut = found > differences.length ? `; the first ${differences.length.toLocaleString('en')} are listed` : '';
  const whole = incomplete === undefined ? '' : `${hostname}: incomplete: ${incomplete}\n`;
  return `${hostname}: ${zones} compared by ${by} ${timeAgo(finished)}, ${differ}${cut}.\n${whole}`;
}
