import { wrong, type Check, type Finding } from './check.js';

/** Zones that are named of each kind. */
const NAMED = 3;

/** What needs a decision. */
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
          'Take the zone over on the server that is to have it (conflicts take-over), and remove it on the other.',
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
          'Settle it: dnscluster drift send, take or remove.',
        ),
      );
    }
    for (const { hostname, removalsHeld } of status.members) {
      if (removalsHeld === undefined) continue;
      findings.push(
        wrong(
          `${removalsHeld.count} removals are held for ${hostname}.`,
          `Allow them (dnscluster members allow-removals ${hostname}), or restore the zones (dnscluster zones restore).`,
        ),
      );
    }
    if (status.damaged.length > 0) {
      const zones = named(status.damaged.map(({ zone, why }) => `${zone} (${why})`));
      findings.push(
        wrong(
          `Zone files are missing or can't be used: ${zones}.`,
          'Repair them and run dnscluster zones rescan, or restore them under Drift and conflicts.',
        ),
      );
    }
    if (status.withoutOwner.length > 0) {
      const owners = named(status.withoutOwner.map(({ owner, zones }) => `${owner} (${zones})`));
      findings.push(
        wrong(
          `Zones belong to users who are removed: ${owners}.`,
          'Give them to somebody: dnscluster zones list --without-owner --names | xargs dnscluster zones owner --to USER.',
        ),
      );
    }
    return findings.length > 0 ? findings : [{ state: 'ok', what: 'No zone needs a decision.' }];
  },
};

function named(all: readonly string[]): string {
  const more = all.length > NAMED ? ` and ${all.length - NAMED} more` : '';
  return `${all.slice(0, NAMED).join(', ')}${more}`;
}
