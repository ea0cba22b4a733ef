import { isSerial } from '../dns/serial.js';
import type { ZoneName } from '../zones/zone-name.js';

/**
 * What a node of this software says of each zone in the body of a write. The original's clients read the status
 * only; ours read these lines where the answer carries OUR_HEADER.
 */
export type ZoneOutcome =
  | { name: string; outcome: 'saved'; serial: number; digest: string }
  | { name: string; outcome: 'removed' }
  /** It belongs to another server, so it was not removed. */
  | { name: string; outcome: 'kept'; for: string }
  /** Nothing was done: the change came by this server before. */
  | { name: string; outcome: 'passed' }
  | { name: string; outcome: 'refused'; reason: string };

/** Another server has the zone, too. Beside its outcome. */
interface ZoneConflict {
  name: string;
  with: string;
}

/** Announces this software and its version in every answer. */
export const OUR_HEADER = 'x-dns-cluster';

/** The body's lines; `host` names the server that removed a zone, in the original's words. */
export function formatOutcomes(outcomes: readonly ZoneOutcome[], host: string): string {
  return outcomes.map((outcome) => `${formatOutcome(outcome, host)}\n`).join('');
}

function formatOutcome(outcome: ZoneOutcome, host: string): string {
  switch (outcome.outcome) {
    case 'saved':
      return `${outcome.name} => saved, serial ${outcome.serial}, digest ${outcome.digest}`;
    case 'removed':
      return `${outcome.name} => deleted from ${host}.`;
    case 'kept':
      return `${outcome.name} => kept for ${outcome.for}.`;
    case 'passed':
      return `${outcome.name} => came by ${host} before.`;
    case 'refused':
      return `${outcome.name} => refused: ${outcome.reason.replaceAll(/\s+/g, ' ')}`;
  }
}

/** Lines of an answer that are read: some for each zone of the largest push. */
const MOST_LINES = 100_000;
/** A server's name, as it may be kept and shown. */
const KEPT = /^kept for ([a-z0-9._:-]{1,253})\.$/;

/** Reads the lines; what is not one is passed over. */
export function parseOutcomes(body: string): Map<ZoneName, ZoneOutcome> {
  const outcomes = new Map<ZoneName, ZoneOutcome>();
  for (const line of body.split('\n', MOST_LINES)) {
    const [, name = '', rest = ''] = /^(\S+) => (.+)$/.exec(line) ?? [];
    const saved = /^saved, serial ([0-9]{1,10}), digest ([0-9a-f]{64})$/.exec(rest);
    const kept = KEPT.exec(rest)?.[1];
    if (saved !== null && isSerial(Number(saved[1]))) {
      outcomes.set(name as ZoneName, { name, outcome: 'saved', serial: Number(saved[1]), digest: saved[2] ?? '' });
    } else if (rest.startsWith('deleted from ')) outcomes.set(name as ZoneName, { name, outcome: 'removed' });
    else if (kept !== undefined) outcomes.set(name as ZoneName, { name, outcome: 'kept', for: kept });
    else if (rest.startsWith('came by ')) outcomes.set(name as ZoneName, { name, outcome: 'passed' });
    else if (rest.startsWith('refused: '))
      outcomes.set(name as ZoneName, { name, outcome: 'refused', reason: rest.slice(9) });
  }
  return outcomes;
}

/** A line beside the outcome of a zone that two servers write. */
export function formatConflict({ name, with: other }: ZoneConflict): string {
  return `${name} => conflict with ${other}\n`;
}

/** The other servers of such lines, by zone. */
export function parseConflicts(body: string): Map<ZoneName, string> {
  const found = [...body.matchAll(/^(\S+) => conflict with ([a-z0-9._:-]{1,253})$/gm)];
  return new Map(found.map(([, name = '', other = '']) => [name as ZoneName, other]));
}

/** The version that is kept in place of one that was refused. Beside its outcome. */
export interface KeptVersion {
  serial: number;
  digest: string;
}

export function formatKept(name: string, { serial, digest }: KeptVersion): string {
  return `${name} => keeps serial ${serial}, digest ${digest}\n`;
}

/** The versions of such lines, by zone. */
export function parseKept(body: string): Map<ZoneName, KeptVersion> {
  const found = [...body.matchAll(/^(\S+) => keeps serial ([0-9]{1,10}), digest ([0-9a-f]{64})$/gm)];
  return new Map(
    found.map(([, name = '', serial, digest = '']) => [name as ZoneName, { serial: Number(serial), digest }]),
  );
}
