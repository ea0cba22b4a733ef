import type { Principal } from '../access/principal.js';
import type { Cluster } from '../cluster/cluster.js';
import type { SynchronizeJob } from '../cluster/model/results.js';
import { ZONE_STATES } from './words.js';

/** One line of the result: what became of one zone at one server. */
export interface SynchronizeRow {
  zone: string;
  server: string;
  outcome: string;
  detail: string;
  tone: 'good' | 'waiting' | 'bad' | 'off';
}

/** By zone and server, what needs a look first. States are those of now: what was on its way may have arrived. */
export function synchronizeTable(job: SynchronizeJob, cluster: Cluster, by: Principal): SynchronizeRow[] {
  const { result, options } = job;
  if (result === undefined) return [];
  const rows: SynchronizeRow[] = result.unreachable.map(({ member, zone, reason }) => ({
    ...{ zone: zone ?? '', server: member, outcome: 'Not compared', detail: reason, tone: 'bad' },
  }));
  const sources = new Map(result.newer.map(({ zone, member, serial }) => [zone, { member, serial }]));
  for (const one of result.taken) {
    const source = sources.get(one.zone);
    const detail = 'error' in one ? one.error.message : `serial ${source?.serial ?? ''} of ${source?.member ?? ''}`;
    const outcome = 'error' in one ? 'Not taken' : 'Newer copy taken';
    rows.push({ zone: one.zone, server: cluster.hostname, outcome, detail, tone: 'error' in one ? 'bad' : 'good' });
  }
  if (options.direction === 'all' && !options.plan) {
    const zones = options.zones ?? cluster.listZones(by).map(({ name }) => name);
    for (const zone of zones) {
      for (const { hostname, state, reason, serial } of cluster.zoneStates(zone, by)) {
        const { label, tone } = ZONE_STATES[state];
        const detail = reason ?? (serial === undefined ? '' : `serial ${serial}`);
        rows.push({ zone, server: hostname, outcome: label, detail, tone });
      }
    }
  }
  const rank = { bad: 0, waiting: 1, off: 2, good: 3 };
  return rows.sort((a, b) => rank[a.tone] - rank[b.tone]);
}
