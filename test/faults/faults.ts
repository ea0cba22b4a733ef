import type { FaultyCluster } from './faulty-cluster.js';
import { Refused, type FaultyNode } from './faulty-node.js';
import type { EndFault } from './network.js';
import type { Random } from './random.js';

const HOUR = 3_600;
const DAY = 24 * HOUR;
const CLOCKS = [-3 * DAY, -HOUR, HOUR, 2 * DAY, 30 * DAY] as const;

/** What a fault may use. */
interface FaultPlace {
  cluster: FaultyCluster;
  random: Random;
  /** The node to which it happens: one that runs, and to which nothing else happens. */
  node: FaultyNode;
  /** One of the other side: of a web server a nameserver, of a nameserver a web server. */
  peer: FaultyNode;
}

interface Fault {
  weight: number;
  /** It happens to one of these; else to any. */
  to?: 'nameservers';
  /** It ends by itself so many milliseconds later; else after some operations. */
  lasts?: (random: Random) => number;
  /** Makes it happen. Resolves with what ends it. */
  begin: (place: FaultPlace) => EndFault | Promise<() => Promise<void> | void>;
}

/** What goes wrong, each as often as its weight says. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  kill: { weight: 8, begin: kill },
  halt: { weight: 5, lasts: (random) => random.between(100, 3_000), begin: halt },
  cut: { weight: 5, begin: ({ cluster: { network }, node, peer }) => network.cut(node.name, peer.name) },
  oneWay: { weight: 5, begin: ({ cluster: { network }, node, peer }) => network.loseAnswers(node.name, peer.name) },
  loss: { weight: 5, begin: ({ cluster: { network }, node, peer }) => network.lose(30, node.name, peer.name) },
  slow: { weight: 3, begin: ({ cluster: { network }, node }) => network.slow(node.name, 256) },
  deadNameserver: {
    weight: 3,
    to: 'nameservers',
    begin: ({ cluster: { network }, node, peer }) => network.muteDns(node.name, peer.name),
  },
  clock: { weight: 4, begin: setClock },
  certificate: { weight: 2, to: 'nameservers', begin: changeCertificate },
  replaced: { weight: 1.5, to: 'nameservers', begin: replace },
  lostZones: { weight: 1.5, to: 'nameservers', begin: loseZones },
};

async function kill({ node, cluster }: FaultPlace): Promise<() => Promise<void>> {
  await node.kill();
  return () => cluster.restart(node);
}

function halt({ node }: FaultPlace): EndFault {
  node.halt();
  return () => node.resume();
}

async function setClock({ node, random }: FaultPlace): Promise<() => void> {
  await node.setClock(random.pick(CLOCKS) ?? HOUR);
  return () => undefined;
}

async function changeCertificate({ node, cluster }: FaultPlace): Promise<() => Promise<void>> {
  const before = node.fingerprint;
  await node.kill();
  node.lose('certificate');
  await node.start();
  for (const web of cluster.webs) await refusesCertificate(cluster, web, node, before);
  return () => acceptEverywhere(cluster, node);
}

/** Where the member can be reached, its web server must have refused it, with both fingerprints. */
async function refusesCertificate(
  cluster: FaultyCluster,
  web: FaultyNode,
  node: FaultyNode,
  before: string,
): Promise<void> {
  if (!web.answers) return;
  try {
    const row = await cluster.row(web, node);
    if (row.fingerprint !== before) return;
    await web.api('testmember', { member: row.id });
  } catch (error) {
    if (!(error instanceof Refused) || !error.message.includes('another certificate')) return;
    if (error.message.includes(before) && error.message.includes(node.fingerprint)) return;
    throw new Error(`not both fingerprints: ${error.message}`, { cause: error });
  }
  throw new Error(`${web.name} talks to ${node.name}, which shows another certificate`);
}

async function replace({ node, cluster }: FaultPlace): Promise<() => Promise<void>> {
  await restartWithout('everything', node, cluster);
  return () => acceptEverywhere(cluster, node);
}

async function loseZones({ node, cluster }: FaultPlace): Promise<() => Promise<void>> {
  await restartWithout('zones', node, cluster);
  // What the hourly check does.
  return async () => {
    for (const web of cluster.webs) await web.api('checkdrift').catch(() => undefined);
  };
}

async function restartWithout(what: 'everything' | 'zones', node: FaultyNode, cluster: FaultyCluster): Promise<void> {
  await node.kill();
  await cluster.watch.emptied(node.name);
  cluster.truth.forgotten(node.name);
  node.lose(what);
  await node.start();
}

/** Who is down now is told in the end. */
async function acceptEverywhere(cluster: FaultyCluster, node: FaultyNode): Promise<void> {
  for (const web of cluster.webs) await cluster.accept(web, node).catch(() => undefined);
}
