import type { Principal } from '../access/principal.js';
import type { Cluster } from '../cluster/cluster.js';
import type { SynchronizeJob } from '../cluster/model/results.js';
import { inSlices } from '../operations/in-slices.js';
import { ZONE_STATES } from './words.js';

/** One line of the result: what became of one zone at one server. */
export interface SynchronizeRow {
  zone: string;
  server: string;
  outcome: string;
  detail: string;
  tone: Tone;
}

/** The result of a synchronization by zone and server, problems first. */
export interface SynchronizeTable {
  /** The first of them. */
  rows: SynchronizeRow[];
  /** How many there are of each outcome, in the same order. */
  outcomes: Record<string, number>;
  total: number;
}

type Tone = 'bad' | 'waiting' | 'off' | 'good';

/** At most so many rows of it. States are those of now: what was on its way may have arrived. */
export async function synchronizeTable(
  job: SynchronizeJob,
  cluster: Cluster,
  by: Principal,
  most: number,
): Promise<SynchronizeTable> {
  const rows: Record<Tone, SynchronizeRow[]> = { bad: [], waiting: [], off: [], good: [] };
  const outcomes: Record<Tone, Record<string, number>> = { bad: {}, waiting: {}, off: {}, good: {} };
  let total = 0;
  await inSlices(rowsOf(job, cluster, by), (found) => {
    for (const row of found) {
      const { tone, outcome } = row;
      if (rows[tone].length < most) rows[tone].push(row);
      outcomes[tone][outcome] = (outcomes[tone][outcome] ?? 0) + 1;
      total++;
    }
  });
  return {
    rows: rows.bad.concat(rows.waiting, rows.off, rows.good).slice(0, most),
    outcomes: { ...outcomes.bad, ...outcomes.waiting, ...outcomes.off, ...outcomes.good },
    total,
  };
}

/** What is to be told of one thing after the other. */
function* rowsOf(
  { result, options }: SynchronizeJob,
  cluster: Cluster,
  by: Principal,
): Generator<readonly SynchronizeRow[]> {
  if (result === undefined) return;
  for (const { member, zone = '', reason } of result.unreachable) {
    yield [{ zone, server: member, outcome: 'Not compared', detail: reason, tone: 'bad' }];
  }
  const sources = new Map<string, string>();
  for (const { zone, member, serial } of result.newer) {
    sources.set(zone, `serial ${serial} of ${member}`);
    yield [];
  }
  const server = cluster.hostname;
  for (const one of result.taken) {
    const { zone } = one;
    if ('error' in one) yield [{ zone, server, outcome: 'Not taken', detail: one.error.message, tone: 'bad' }];
    else yield [{ zone, server, outcome: 'Newer copy taken', detail: sources.get(zone) ?? '', tone: 'good' }];
  }
  if (options.direction !== 'all' || options.plan) return;
  for (const zone of options.zones ?? cluster.zones.list(by).map(({ name }) => name)) {
    yield cluster.zones.states(zone, by).map(({ hostname, state, reason, serial }) => {
      const { label, tone } = ZONE_STATES[state];
      const detail = reason ?? (serial === undefined ? '' : `serial ${serial}`);
      return { zone, server: hostname, outcome: label, detail, tone };
    });
  }
}
