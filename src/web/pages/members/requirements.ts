import { isServerType, ROLES } from '../../../cluster/model/member.js';
import type { ClusterStatus } from '../../../cluster/model/results.js';

/** Something that a working cluster needs, and whether it is there; the sentence says what to do where it is not. */
interface Requirement {
  met: boolean;
  sentence: string;
}

/** What has to be true for a cluster that does its work (the original's list, and what it learned since). */
export function requirementsOf({ members, nameserver, hostname }: ClusterStatus): Requirement[] {
  const writers = members.filter(({ role }) => ROLES[role].writes);
  const old = members.filter(({ version, type }) => isServerType(type) && version !== '' && !takesBundles(version));
  const software = `${nameserver.software} ${nameserver.version}`.trim();
  return [
    writers.length > 0
      ? { met: true, sentence: `At least two servers: ${hostname} and ${writers.length} that its changes are sent to.` }
      : {
          met: false,
          sentence: 'At least two servers: add one that changes are sent to (Synchronize Changes or Write-Only).',
        },
    nameserver.running
      ? { met: true, sentence: `A nameserver here: ${software} runs.` }
      : { met: false, sentence: `A nameserver here: ${software} does not run. Start it, or check its log.` },
    nameserver.signedZones === undefined
      ? { met: true, sentence: 'No zones that the nameserver signs by itself (DNSSEC).' }
      : {
          met: false,
          sentence: `No zones that the nameserver signs by itself (DNSSEC): turn it off for ${nameserver.signedZones.slice(0, 3).join(', ')}, or this server can't join a cluster.`,
        },
    old.length === 0
      ? { met: true, sentence: 'Versions: every server is recent enough.' }
      : {
          met: false,
          sentence: `Versions: ${old.map(({ hostname: host, version }) => `${host} (${version})`).join(', ')} should be updated: it takes zones only one by one.`,
        },
  ];
}

/** From 11.24 on the original takes many zones in one call. */
function takesBundles(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 11 || (major === 11 && minor >= 24);
}
