import { sentenceOf } from '../../errors.js';
import type { Zone } from '../../dns/zone.js';
import { inSlices } from '../../operations/in-slices.js';
import type { ZoneEntry } from '../../zones/zone-index.js';
import type { ZoneName } from '../../zones/zone-name.js';
import type { ZoneStore } from '../../zones/zone-store.js';
import { validateZone } from '../../zones/validation.js';
import { isOursToRepair, MOST_DIFFERENCES, type Difference, type DriftReport } from '../model/drift-kinds.js';
import { compareAnswers } from './compare-answers.js';
import { compareHoldings } from './compare-holdings.js';
import { serves, type Member } from '../model/member.js';
import type { MemberWorker } from '../delivery/member-worker.js';

/** Zones that are asked for whole in one check; the next check goes on after them. */
const WHOLE_ZONES = 2_000;

interface DriftQuestion {
  member: Member;
  worker: MemberWorker;
  store: ZoneStore;
  /** This server, lower case. */
  here: string;
  /** The zone after which whole questions begin. */
  from: ZoneName | undefined;
  signal: AbortSignal;
}

/**
 * Compares one member with what it should hold: what it says that it has, and what its nameserver answers. Zones on
 * their way there are left out, and what changes meanwhile is no difference. Never rejects: what could not be looked at
 * is said in the report.
 */
export async function checkDrift(
  question: DriftQuestion,
): Promise<{ report: DriftReport; next: ZoneName | undefined }> {
  const { member, worker, store, here, signal } = question;
  const started = new Date().toISOString();
  const expected = new Map<ZoneName, ZoneEntry>();
  await inSlices(store.entries(), (entry) => {
    // What was handed over changes without this server.
    const isHere = entry.home?.mark !== 'left';
    if (isHere && serves(member, entry.owner) && isIdle(entry.name, worker)) expected.set(entry.name, entry);
  });
  const report: DriftReport = {
    member: member.id,
    hostname: member.hostname,
    started,
    finished: started,
    by: 'names',
    compared: expected.size,
    asked: 0,
    askedWhole: 0,
    differences: [],
    found: 0,
  };
  const isCertain = ({ zone, kind }: Difference): boolean => {
    const entry = store.get(zone);
    if (kind === 'extra') return entry === undefined && store.tombstone(zone)?.isKept !== true;
    return entry !== undefined && entry.digest === expected.get(zone)?.digest && isIdle(zone, worker);
  };
  let next: ZoneName | undefined;
  let found: Difference[] = [];
  try {
    const isKnown = (name: ZoneName): boolean => store.get(name) !== undefined || worker.backlog.has(name);
    const isOurs = (name: ZoneName): boolean => worker.acknowledged.holds(name);
    const held = await worker.contact.using((backend) =>
      compareHoldings({ backend, expected, here, isKnown, isOurs, signal }),
    );
    report.by = held.by;
    found = held.differences;
    const wrong = new Set<ZoneName>();
    await inSlices(found, ({ zone }) => wrong.add(zone));
    const right: ZoneEntry[] = [];
    await inSlices(expected.values(), (entry) => {
      if (!wrong.has(entry.name)) right.push(entry);
    });
    if (worker.dns !== undefined && !worker.ownSerials) {
      const ordered = beginningBehind(right, question.from);
      next = ordered[WHOLE_ZONES - 1]?.name;
      const answers = await compareAnswers({
        dns: worker.dns,
        expected: ordered,
        whole: WHOLE_ZONES,
        signal,
        zoneOf: (entry) => zoneOf(entry, store),
        isZone: (name) => store.get(name) !== undefined,
      });
      found.push(...answers.differences);
      report.asked = answers.asked;
      report.askedWhole = answers.askedWhole;
      if (answers.incomplete !== undefined) report.incomplete = answers.incomplete;
    }
  } catch (error) {
    report.incomplete = sentenceOf(error);
  }
  await inSlices(found, (one) => {
    const difference = asMet(one, worker);
    // What changed during the check proves nothing.
    if (!isCertain(difference)) return;
    repair(difference, question);
    if (report.found++ < MOST_DIFFERENCES) report.differences.push(difference);
  });
  report.finished = new Date().toISOString();
  return { report, next };
}

/** Sends again what it has lost, and removes again what it restored. A person decides all else. */
function repair(difference: Difference, { worker, store }: DriftQuestion): void {
  const { zone, kind } = difference;
  if (isOursToRepair(difference) && worker.acknowledged.holds(zone)) {
    worker.resend([zone]);
    difference.repaired = 'It is sent again.';
  } else if (kind === 'extra' && store.tombstone(zone) !== undefined) {
    worker.removeAgain(zone);
    difference.repaired = 'It was removed here, and is removed there again.';
  }
}

/** What it refuses because it has a later version of ours is no newer here, whatever its serial. */
function asMet(difference: Difference, worker: MemberWorker): Difference {
  const isOther = ['stale', 'ahead', 'edited'].includes(difference.kind);
  return isOther && worker.outcomes.behind.has(difference.zone)
    ? { ...difference, kind: 'set_back', newer: 'there' }
    : difference;
}

function isIdle(zone: ZoneName, worker: MemberWorker): boolean {
  const { backlog } = worker;
  return !backlog.has(zone) && (backlog.reasonAside(zone) === undefined || worker.outcomes.behind.has(zone));
}

function beginningBehind(entries: readonly ZoneEntry[], from: ZoneName | undefined): ZoneEntry[] {
  const at = from === undefined ? -1 : entries.findIndex(({ name }) => name === from);
  return [...entries.slice(at + 1), ...entries.slice(0, at + 1)];
}

function zoneOf({ name, digest }: ZoneEntry, store: ZoneStore): Zone | undefined {
  const text = store.edits.version(name);
  const valid = text === undefined ? undefined : validateZone(name, text);
  return valid?.digest === digest ? valid.zone : undefined;
}
