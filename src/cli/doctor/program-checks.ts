import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { PACKAGE_ROOT } from '../../operations/version.js';
import { notice, ok, wrong, type Check, type Finding } from './check.js';
import { isBelow } from './version-order.js';

const manifest = z.object({ engines: z.object({ node: z.string() }) });

/** Judges a version of Node.js by the oldest that is good enough, both as `20.19.0`. */
export function nodeFinding(version: string, oldest: string): Finding {
  if (!isBelow(version, oldest)) return ok(`Node.js ${version} is new enough.`);
  return wrong(
    `Node.js ${version} is too old: ${oldest} or later is needed.`,
    'Install a later version (Debian: apt-get install nodejs, from backports if necessary), then restart the service.',
  );
}

/** The service itself, and what it runs on. */
export const PROGRAM_CHECKS: readonly Check[] = [
  {
    name: 'service',
    run: ({ service, silence, folder }) => {
      if (service === undefined) {
        return [
          wrong(
            `The service can't be reached, so only what is visible from outside is checked: ${silence}`,
            `Start it (systemctl start dns-cluster, or dnscluster serve). If it does not start, see ${folder}/node.log.`,
          ),
        ];
      }
      const { hostname, zones, clustering } = service.status;
      if (clustering) return [ok(`The service runs as ${hostname} with ${zones} zones.`)];
      return [
        notice(
          'DNS clustering is off: changes wait and go to no member.',
          'Enable it: DNS Cluster » Enable DNS clustering (setclustering).',
        ),
      ];
    },
  },
  {
    name: 'node',
    run: async () => {
      const { engines } = manifest.parse(JSON.parse(await readFile(new URL('package.json', PACKAGE_ROOT), 'utf8')));
      return [nodeFinding(process.versions.node, engines.node.replace(/[^\d.]/g, ''))];
    },
  },
  {
    name: 'configuration',
    run: ({ settings, configurationFault }) => {
      if (settings !== undefined) return [ok('The configuration can be read.')];
      const { why = '', isMissing = false } = configurationFault ?? {};
      // In a panel of somebody else's there is none.
      if (isMissing) {
        return [
          notice(`${why} So the ports of this server are not known.`, 'Name its configuration with --config FILE.'),
        ];
      }
      return [wrong(why, 'Correct the file, then restart the service.')];
    },
  },
];
