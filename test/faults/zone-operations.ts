import type { FaultyCluster } from './faulty-cluster.js';
import { Refused, Unanswered, type FaultyNode } from './faulty-node.js';
import type { Random } from './random.js';
import { textOf } from './zone-truth.js';

/** So many zones has a web server at most. */
const MOST_ZONES = 40;
const MANY = 8;

/** What an operation may use. */
export interface Turn {
  cluster: FaultyCluster;
  /** On this web server, which answers. */
  web: FaultyNode;
  random: Random;
}

/** What becomes of a change: what its caller knows then. */
interface Change {
  begin: () => void;
  call: () => Promise<{ serial?: number; change?: string }>;
  done: () => void;
  refused: () => void;
  /** Refusals that are no fault of anybody. */
  expected?: readonly string[];
}

/**
 * Changes of zones, each as often as its weight says. Each resolves in any case, also where the server ends meanwhile.
 */
export const ZONE_OPERATIONS: Readonly<Record<string, { weight: number; run: (turn: Turn) => Promise<void> }>> = {
  create: { weight: 14, run: create },
  edit: { weight: 30, run: (turn) => edit(turn, pick(turn, 'there')) },
  editMany: { weight: 4, run: editMany },
  massEdit: { weight: 8, run: massEdit },
  remove: { weight: 10, run: remove },
  restore: { weight: 7, run: restore },
  makeAgain: { weight: 4, run: (turn) => make(turn, pick(turn, 'gone')) },
};

function pick({ cluster, web, random }: Turn, what: 'there' | 'gone'): string | undefined {
  return random.pick(cluster.truth.certain(web.name, what));
}

async function perform(
  { cluster }: Turn,
  zone: string,
  { begin, call, done, refused, expected = [] }: Change,
): Promise<void> {
  cluster.watch.add(zone);
  begin();
  try {
    const { serial, change } = await call();
    done();
    if (change === 'created' && serial !== undefined) cluster.watch.made(zone, serial);
  } catch (error) {
    // It was done, or not: that is seen when the server is back.
    if (error instanceof Unanswered) return;
    if (!(error instanceof Refused) || !expected.includes(error.code)) throw error;
    refused();
  }
}

async function create(turn: Turn): Promise<void> {
  const { cluster, web } = turn;
  const made = cluster.truth.zonesOf(web.name).length;
  await make(turn, made < MOST_ZONES ? `zone-${made}.${web.name}.example` : undefined);
}

function make(turn: Turn, zone: string | undefined): Promise<void> {
  if (zone === undefined) return Promise.resolve();
  return write(turn, zone, 'addzone', ['zone_exists']);
}

function edit(turn: Turn, zone: string | undefined): Promise<void> {
  return zone === undefined ? Promise.resolve() : write(turn, zone, 'savezone');
}

function write(turn: Turn, zone: string, call: string, expected?: readonly string[]): Promise<void> {
  const { cluster, web, random } = turn;
  const { truth } = cluster;
  const version = truth.newVersion();
  // Who writes knows the present serial, or has never heard of it.
  const zonedata = textOf(version, random.chance(0.7) ? 1 : random.between(1, 2_000));
  return perform(turn, zone, {
    begin: () => truth.begin(zone, version, web.name),
    call: () => web.api(call, { zone, zonedata, ...wait(random) }),
    done: () => truth.acknowledged(zone, version),
    refused: () => truth.refused(zone, version),
    ...(expected === undefined ? {} : { expected }),
  });
}

async function editMany(turn: Turn): Promise<void> {
  const { cluster, web, random } = turn;
  const zones = cluster.truth.certain(web.name, 'there');
  const from = random.between(0, Math.max(0, zones.length - MANY));
  await Promise.all(zones.slice(from, from + MANY).map((zone) => edit(turn, zone)));
}

/** As an ACME client and a panel's zone editor do it. */
async function massEdit(turn: Turn): Promise<void> {
  const { cluster, web, random } = turn;
  const { truth } = cluster;
  const zone = pick(turn, 'there');
  if (zone === undefined) return;
  const version = truth.newVersion();
  const address = /\bA (\S+)/.exec(textOf(version, 1))?.[1] ?? '';
  await perform(turn, zone, {
    begin: () => truth.begin(zone, version, web.name),
    call: async () => {
      const { payload } = await web.api<{ payload: Line[] }>('parse_dns_zone', { zone });
      const soa = payload.find(({ record_type: type }) => type === 'SOA');
      const host = payload.find(({ record_type: type }) => type === 'A');
      const serial = Buffer.from(soa?.data_b64?.[2] ?? '', 'base64').toString();
      const record = { line_index: host?.line_index, dname: 'www', ttl: 60, record_type: 'A', data: [address] };
      return web.api('mass_edit_dns_zone', { zone, serial, edit: JSON.stringify(record), ...wait(random) });
    },
    done: () => truth.acknowledged(zone, version),
    refused: () => truth.refused(zone, version),
    // A member's later serial may have made ours rise in between.
    expected: ['serial_mismatch'],
  });
}

interface Line {
  line_index: number;
  record_type?: string;
  data_b64?: string[];
}

async function remove(turn: Turn): Promise<void> {
  const { cluster, web, random } = turn;
  const { truth, watch } = cluster;
  const zone = pick(turn, 'there');
  if (zone === undefined) return;
  await perform(turn, zone, {
    begin: () => {
      watch.removed(zone);
      truth.beginRemoval(zone);
    },
    call: () => web.api('removezone', { zone, ...wait(random) }),
    done: () => truth.removed(zone),
    refused: () => truth.notRemoved(zone),
  });
}

async function restore(turn: Turn): Promise<void> {
  const { cluster, web, random } = turn;
  const { truth } = cluster;
  const zone = pick(turn, 'gone');
  if (zone === undefined) return;
  await perform(turn, zone, {
    begin: () => truth.beginRestoring(zone),
    call: () => web.api('restorezone', { zone, ...wait(random) }),
    done: () => truth.restored(zone),
    refused: () => truth.notRestored(zone),
    expected: ['zone_exists'],
  });
}

/** Most callers wait for no member. */
function wait(random: Random): { wait: string; timeout?: number } {
  return random.chance(0.8) ? { wait: 'none' } : { wait: 'served', timeout: 1 };
}
