import { setTimeout as pause } from 'node:timers/promises';
import type { FaultyCluster } from './faulty-cluster.js';
import type { FaultyNode } from './faulty-node.js';
import type { MemberStatus } from '../../src/cluster/model/member-status.js';

const WITHIN = 240_000;

interface Held {
  domain: string;
  serial: number;
  digest: string;
}

/** Ends all faults, does what an administrator does after such a day, and waits until everything is as it should be. */
export async function heal(cluster: FaultyCluster): Promise<void> {
  cluster.network.heal();
  for (const node of cluster.nodes) {
    node.resume();
    if (!node.answers) await cluster.restart(node);
    await node.setClock(0);
  }
  for (const web of cluster.webs) {
    await web.api('setfailurethreshold', { threshold: 10 });
    for (const nameserver of cluster.nameservers) await administer(cluster, web, nameserver);
  }
  const deadline = performance.now() + WITHIN;
  for (let wrong = await whatIsWrong(cluster); wrong.length > 0; wrong = await whatIsWrong(cluster)) {
    if (performance.now() > deadline) throw new Error(`it does not heal: ${wrong.join('; ')}`);
    await pause(250);
  }
}

async function administer(cluster: FaultyCluster, web: FaultyNode, nameserver: FaultyNode): Promise<void> {
  const { id, fingerprint, role, state } = await cluster.row(web, nameserver);
  if (fingerprint !== nameserver.fingerprint) await cluster.accept(web, nameserver);
  if (role !== 'write-only') await web.api('setmemberrole', { member: id, role: 'write-only' });
  if (state === 'disabled') await web.api('enablemember', { member: id });
}

/** What the web servers say of their members; removals that are held are looked at, and allowed. */
async function whatIsWrong(cluster: FaultyCluster): Promise<string[]> {
  const wrong: string[] = [];
  for (const web of cluster.webs) {
    const { member } = await web.api<{ member: MemberStatus[] }>('listmembers');
    for (const { id, hostname, state, pending, lastFailure = '', removalsHeld } of member) {
      if (removalsHeld !== undefined) await web.api('allowremovals', { member: id });
      if (state !== 'online' || pending > 0)
        wrong.push(`${hostname} at ${web.name}: ${state}, ${pending} wait, ${lastFailure}`);
    }
  }
  if (wrong.length > 0) return wrong;
  for (const web of cluster.webs) {
    const { report } = await web.api<{ report: { hostname: string; found: number; incomplete?: string }[] }>(
      'checkdrift',
    );
    for (const { hostname, found, incomplete } of report)
      if (found > 0 || incomplete !== undefined) wrong.push(`${hostname} differs from ${web.name} in ${found} zones`);
  }
  return wrong;
}

/** All that is not as it must be in the end, in sentences. */
export async function faultsFound(cluster: FaultyCluster): Promise<string[]> {
  const { truth, watch, losses } = cluster;
  const found = [...losses, ...watch.violations];
  const expected = new Map<string, Held>();
  for (const web of cluster.webs) {
    const texts = await web.zones();
    found.push(...truth.compare(web.name, texts));
    const known = new Set(truth.zonesOf(web.name));
    for (const zone of texts.keys()) if (!known.has(zone)) found.push(`${zone} on ${web.name} was never made there`);
    for (const held of await listed(web)) expected.set(held.domain, held);
    const { conflict } = await web.api<{ conflict: object[] }>('listconflicts');
    if (conflict.length > 0) found.push(`${web.name} says conflicts: ${JSON.stringify(conflict)}`);
  }
  for (const nameserver of cluster.nameservers) found.push(...(await differences(cluster, nameserver, expected)));
  return found;
}

/** It must hold and answer what the web servers have, and what it had of its own, and nothing else. */
async function differences(
  { truth, watch }: FaultyCluster,
  node: FaultyNode,
  expected: ReadonlyMap<string, Held>,
): Promise<string[]> {
  const { name } = node;
  const found = truth.compare(name, await node.zones());
  const held = new Map((await listed(node)).map((zone) => [zone.domain, zone]));
  const own = new Set(truth.certain(name, 'there'));
  for (const zone of held.keys()) if (!expected.has(zone) && !own.has(zone)) found.push(`${name} has ${zone}`);
  for (const [zone, { serial, digest }] of expected) {
    const there = held.get(zone);
    if (there?.digest !== digest || there.serial !== serial)
      found.push(`${name} has ${zone} with serial ${there?.serial ?? 'none'}, not ${serial}`);
    const answered = watch.serialAt(name, zone);
    if (answered !== serial) found.push(`${name} answers for ${zone} with serial ${answered ?? 'none'}, not ${serial}`);
  }
  return found;
}

async function listed(node: FaultyNode): Promise<Held[]> {
  const { zone } = await node.api<{ zone: (Held & { member?: string })[] }>('listzones');
  return zone.filter(({ member }) => member === undefined);
}
