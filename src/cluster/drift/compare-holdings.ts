import { sentenceOf } from '../../errors.js';
import type { HeldZone, MemberBackend, MemberDigests } from '../../members/member-backend.js';
import { inSlices } from '../../operations/in-slices.js';
import { hashesOf, inBuckets } from '../../zones/zone-digests.js';
import { isSameServer } from '../../zones/home.js';
import type { ZoneEntry } from '../../zones/zone-index.js';
import type { ZoneName } from '../../zones/zone-name.js';
import { validateZone } from '../../zones/validation.js';
import { compareCopies, type Difference, type DriftReport } from '../model/drift-kinds.js';

/** Zones of which digests or texts are asked for in one call. */
const BATCH = 512;
const UNKNOWN = '-';

/** What is compared at a member, and who is told how far it is. */
interface HoldingsQuestion {
  backend: MemberBackend;
  /** The zones that it should hold in the versions that are here. */
  expected: ReadonlyMap<ZoneName, ZoneEntry>;
  /** This server, lower case: zones of it that are not here any more are extra. */
  here: string;
  /** Is this zone one that is here in any version, or on its way? */
  isKnown: (name: ZoneName) => boolean;
  /** Did the member acknowledge this zone from us? */
  isOurs: (name: ZoneName) => boolean;
  signal: AbortSignal;
}

/** Compares the zones that a member says it holds: by digests if it can tell them, else by texts, else by names. */
export async function compareHoldings(question: HoldingsQuestion): Promise<{
  by: DriftReport['by'];
  differences: Difference[];
}> {
  const { backend, signal } = question;
  // It is known who it is when it was asked.
  await backend.probe({ signal });
  if (backend.digests !== undefined) {
    return { by: 'digests', differences: await byDigests(question, backend.digests) };
  }
  const listed = new Set<ZoneName>();
  const differences: Difference[] = [];
  await inSlices(await backend.zoneList({ signal }), (zone) => listed.add(zone));
  const there: ZoneEntry[] = [];
  await inSlices(question.expected.values(), (entry) => {
    const { name: zone, serial: here } = entry;
    if (listed.has(zone)) there.push(entry);
    else differences.push({ zone, kind: 'missing', here, newer: 'here' });
  });
  await inSlices(listed, (zone) => {
    if (!question.isKnown(zone) && question.isOurs(zone)) differences.push({ zone, kind: 'extra', newer: 'unknown' });
  });
  if (backend.ownSerials === true) return { by: 'names', differences };
  await byTexts(question, there, differences);
  return { by: 'texts', differences };
}

async function byDigests(question: HoldingsQuestion, digests: MemberDigests): Promise<Difference[]> {
  const { expected, here, isKnown, signal } = question;
  const homes = new Map<string, ZoneEntry[]>([[here, []]]);
  await inSlices(expected.values(), (entry) => {
    const home = entry.home?.server ?? UNKNOWN;
    const group = homes.get(home);
    if (group === undefined) homes.set(home, [entry]);
    else group.push(entry);
  });
  const differences: Difference[] = [];
  const notThere: ZoneEntry[] = [];
  for (const [home, entries] of homes) {
    signal.throwIfAborted();
    const ours = await inBuckets(entries);
    const hashes = await hashesOf(ours);
    const theirs = await digests.buckets(home, { signal });
    const buckets = [...new Set([...ours.keys(), ...theirs.keys()])];
    const differing = buckets.filter((bucket) => hashes.get(bucket) !== theirs.get(bucket));
    if (differing.length === 0) continue;
    const held = new Map<ZoneName, HeldZone>();
    await inSlices(await digests.ofBuckets(home, differing, { signal }), (zone) => held.set(zone.name, zone));
    await inSlices(
      differing.flatMap((bucket) => ours.get(bucket) ?? []),
      (entry) => {
        const there = held.get(entry.name);
        if (there === undefined) notThere.push(entry);
        else differences.push(...present(compareCopies(entry.name, entry, there)));
      },
    );
    if (home !== here) continue;
    await inSlices(held.values(), ({ name: zone, serial }) => {
      if (!isKnown(zone)) differences.push({ zone, kind: 'extra', there: serial, newer: 'unknown' });
    });
  }
  return [...differences, ...(await ofOthers(notThere, digests, signal))];
}

/** Zones that it does not have from the server that has them: it may have them from another one. */
async function ofOthers(
  entries: readonly ZoneEntry[],
  digests: MemberDigests,
  signal: AbortSignal,
): Promise<Difference[]> {
  const differences: Difference[] = [];
  for (let at = 0; at < entries.length; at += BATCH) {
    const chunk = entries.slice(at, at + BATCH);
    const held = await digests.ofZones(
      chunk.map(({ name }) => name),
      { signal },
    );
    const copies = new Map<ZoneName, HeldZone>(held.map((zone) => [zone.name, zone]));
    for (const entry of chunk) {
      const copy = copies.get(entry.name);
      const difference = compareCopies(entry.name, entry, copy);
      if (difference === undefined) continue;
      const there = copy?.home ?? { server: copy?.server ?? UNKNOWN };
      const isKnown = there.server !== UNKNOWN && entry.home !== undefined;
      const isOfOther = copy !== undefined && isKnown && !isSameServer(there, entry.home);
      differences.push(
        isOfOther ? { ...difference, kind: 'other', detail: `It has the zone from ${copy.server}.` } : difference,
      );
    }
  }
  return differences;
}

/** Of these zones, which it has: puts what differs into `differences`. */
async function byTexts(
  { backend, signal }: HoldingsQuestion,
  entries: readonly ZoneEntry[],
  differences: Difference[],
): Promise<void> {
  for (let at = 0; at < entries.length; at += BATCH) {
    signal.throwIfAborted();
    const chunk = entries.slice(at, at + BATCH);
    const names = chunk.map(({ name }) => name);
    const texts = await backend.zones(names, { signal });
    await inSlices(chunk, (entry) => {
      const { name: zone, serial: here } = entry;
      const text = texts.get(zone);
      if (text === undefined) return;
      try {
        differences.push(...present(compareCopies(zone, entry, validateZone(zone, text))));
      } catch (error) {
        differences.push({ zone, kind: 'edited', here, newer: 'unknown', detail: sentenceOf(error) });
      }
    });
  }
}

function present(difference: Difference | undefined): Difference[] {
  return difference === undefined ? [] : [difference];
}
