import { ownsOrIsRoot, type Principal } from '../../access/principal.js';
import { ClusterError } from '../../errors.js';
import type { ZoneHome } from '../../zones/home.js';
import type { ZoneName } from '../../zones/zone-name.js';
import { ownerOf, ROLES, ROOT, serves, type Member } from '../model/member.js';
import type { Delivery } from '../delivery/delivery.js';
import type { RunningMember } from '../delivery/member-worker.js';
import type { Sender } from '../model/results.js';

/** Longest wait for a question to a member while somebody waits, milliseconds. */
const TIMEOUT = 10_000;
/** For a list that is as good without it. */
const LIST_TIMEOUT = 3_000;

/** A member whose role says that it is asked. */
export type Source = RunningMember;

/** The members that are asked and answer, as far as is known. */
export function sourcesOf(workers: Delivery): Source[] {
  return workers
    .running()
    .filter(({ member, worker }) => ROLES[member.role].reads && worker.contact.health.state !== 'disabled');
}

/** Those of them that have a say in what is not here yet, and would be this principal's. */
export function sourcesFor(by: Principal, workers: Delivery): Source[] {
  return sourcesOf(workers).filter(({ member }) => serves(member, ownerOf(by)));
}

/** Zones that only members have, each at the first that named it. Members that do not answer soon are left out. */
export async function zonesElsewhere(
  sources: readonly Source[],
  isHere: (name: ZoneName) => boolean,
): Promise<{ zone: ZoneName; member: string }[]> {
  const lists = await Promise.all(
    sources.map(({ worker }) =>
      worker.contact.ask((backend, options) => backend.zoneList(options), LIST_TIMEOUT).catch((): ZoneName[] => []),
    ),
  );
  const found = new Map<ZoneName, string>();
  lists.forEach((list, i) => {
    const member = sources[i]?.member.hostname ?? '';
    for (const zone of list) if (!isHere(zone) && !found.has(zone)) found.set(zone, member);
  });
  return [...found].map(([zone, member]) => ({ zone, member }));
}

/**
 * Asks the members that are read from, never those that are only written to, whether they have this zone, and refuses
 * it where one has it from somebody else than us. Resolves with a warning for each that could not be asked: a member
 * that is down does not stop a new domain. Rejects with zone_exists.
 */
export async function refuseExisting(zone: ZoneName, by: Principal, sources: readonly Source[]): Promise<string[]> {
  // What is there from us, and is about to be removed there, is none of somebody else.
  const strangers = sources.filter(({ worker }) => !worker.acknowledged.holds(zone));
  const asked = await Promise.all(
    strangers.map(async ({ member, worker }) => {
      try {
        return {
          member,
          has: await worker.contact.ask((backend, options) => backend.zoneExists(zone, options), TIMEOUT),
        };
      } catch {
        return { member, has: undefined };
      }
    }),
  );
  const named = ({ owner, hostname }: Member): string =>
    ownsOrIsRoot(by, owner) ? hostname : 'another server of the cluster';
  const found = asked.find(({ has }) => has === true);
  if (found !== undefined) throw new ClusterError('zone_exists', { zone, where: named(found.member) });
  const silent = asked.filter(({ has }) => has === undefined);
  return silent.map(({ member }) => `${named(member)} could not be asked whether it has ${zone} already.`);
}

/** Whose these zones are, as a member of root has it; what it does not know is absent. */
export async function homesAt(
  { member, worker }: Source,
  zones: readonly ZoneName[],
  { timeout, signal }: { timeout: number; signal?: AbortSignal | undefined },
): Promise<ReadonlyMap<ZoneName, ZoneHome>> {
  if (member.owner !== ROOT || zones.length === 0) return new Map();
  const held = await worker.contact.ask(
    async (backend, options) => {
      // It is known who it is when it was asked.
      if (backend.digests === undefined) await backend.probe(options);
      return (await backend.digests?.ofZones(zones, options)) ?? [];
    },
    timeout,
    signal,
  );
  return new Map(held.flatMap(({ name, home }) => (home === undefined ? [] : [[name, home] as const])));
}

/** Says that a copy comes from that member. Who knows better whose the zone is, is right. */
export function senderOf({ member }: Source, claimed: ZoneHome | undefined): Sender {
  return { hostsSeen: [member.hostname], claimed, isUnsure: true };
}

/** Does a member of root know a server of this name? One that does not answer soon does not. */
export async function isKnownAt(workers: Delivery, server: string): Promise<boolean> {
  const asked = workers
    .writers()
    .filter(({ member }) => member.owner === ROOT)
    .map(async ({ member, worker }) => {
      if (member.hostname === server) return true;
      const knows = worker.contact.ask(async (backend, options) => {
        // It is known who it is when it was asked.
        if (backend.digests === undefined) await backend.probe(options);
        return (await backend.digests?.knows(server, options)) ?? false;
      }, TIMEOUT);
      return knows.catch(() => false);
    });
  return (await Promise.all(asked)).includes(true);
}

/** The latest epochs of zones, as far as members of root that answer soon know any. */
export async function epochsAtMembers(
  workers: Delivery,
  zones: readonly ZoneName[],
): Promise<ReadonlyMap<ZoneName, number>> {
  const asked = workers.running().filter(({ worker }) => worker.contact.health.state === 'online');
  const homes = await Promise.all(
    asked.map((member) => homesAt(member, zones, { timeout: TIMEOUT }).catch(() => new Map<ZoneName, ZoneHome>())),
  );
  const latest = new Map<ZoneName, number>();
  for (const [zone, { epoch }] of homes.flatMap((some) => [...some]))
    latest.set(zone, Math.max(epoch, latest.get(zone) ?? 0));
  return latest;
}
