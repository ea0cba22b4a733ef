import { wrong, type Check, type Finding } from './check.js';

/** So many zones are named of each kind. */
const NAMED = 3;

/** What waits for a decision of somebody. */
export const ZONE_CHECK: Check = {
  name: 'zones',
  run: ({ service }) => {
    if (service === undefined) return [];
    const { status, conflicts, drift } = service;
    const findings: Finding[] = [];
    if (conflicts.length > 0) {
      const zones = named(conflicts.map(({ zone }) => zone));
      findings.push(
        wrong(
          `Two servers write the same zone: ${zones}.`,
          'Under Drift and conflicts, take the zone over on the server that is to have it, and delete it on the other.',
        ),
      );
    }
    for (const { hostname, differences } of drift) {
      const open = differences.filter(({ repaired }) => repaired === undefined);
      if (open.length === 0) continue;
      const zones = named(open.map(({ zone, kind }) => `${zone} (${kind})`));
      findings.push(
        wrong(
          `${hostname} does not have or serve what it should: ${zones}.`,
          'Under Drift and conflicts, send, take or remove.',
        ),
      );
    }
    for (const { hostname, removalsHeld } of status.members) {
      if (removalsHeld === undefined) continue;
      findings.push(
        wrong(
          `${removalsHeld.count} removals are held for ${hostname}.`,
          `Allow them (dnscluster members allow-removals ${hostname}), or bring the zones back under Deleted zones.`,
        ),
      );
    }
    if (status.damaged.length > 0) {
      const zones = named(status.damaged.map(({ zone, why }) => `${zone} (${why})`));
      findings.push(
        wrong(
          `Zone files are missing or can't be used: ${zones}.`,
          'Repair them and run dnscluster zones rescan, or bring them back under Drift and conflicts.',
        ),
      );
    }
    return findings.length > 0 ? findings : [{ state: 'ok', what: 'No zone waits for a decision.' }];
  },
};

function named(all: readonly string[]): string {
  const more = all.length > NAMED ? ` and ${all.length - NAMED} more` : '';
  return `${all.slice(0, NAMED).join(', ')}${more}`;
}
