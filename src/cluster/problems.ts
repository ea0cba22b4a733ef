import type { Conflict } from './local/conflicts.js';
import { DRIFT_KINDS, type DriftReport } from './model/drift-kinds.js';
import type { MemberStatus } from './model/member-status.js';
import type { TrustKind } from '../members/cpanel/trust.js';
import type { JournalDamage } from '../zones/journal/zone-journal.js';
import type { ZoneName } from '../zones/zone-name.js';
import { ROOT } from './model/member.js';
import type { Problem, ProblemGroup } from '../notifications/problem-watch.js';

/** A member that fails is a problem when it has for so long, milliseconds: what is shorter is a restart. */
const FAILING_LONG = 15 * 60_000;

/** A nameserver is told of when it was silent for so long, milliseconds: two probes of a minute in a row and more. */
const SILENT_LONG = 2 * 60_000;

/** A certificate that ends within this time is told of, milliseconds: longer than it takes to get a new one. */
export const ENDS_SOON = 14 * 24 * 3600_000;

/** What becomes of a new certificate, by what the member is known by. */
const RENEWED: Readonly<Record<TrustKind, string>> = {
  certificate: 'Nothing is sent to it with another one until you accept that one.',
  key: 'A new one with the same key, or with a key that the present one signed, is trusted. Nothing is sent to it with any other until you accept that.',
  ca: 'A new one is trusted where the authority signed it for the same host name.',
};

export interface ClusterFacts {
  hostname: string;
  /** Is root told when a member is disabled? */
  notifyDisabled: boolean;
  autoEnable: boolean;
  members: readonly MemberStatus[];
  reports: readonly DriftReport[];
  conflicts: readonly Conflict[];
  /** Of a zone; all are root's where absent. */
  ownerOf?: (zone: ZoneName) => string | undefined;
  damage: Damage;
}

/** What of the zones is not as it was written here. */
interface Damage {
  files: readonly { zone: string; why: string }[];
  /** Zones that members took from here, and that are neither here nor removed. */
  lost: readonly { zone: string; member: string }[];
  journal: readonly JournalDamage[];
}

/** What is wrong in the cluster now, by its facts alone. */
export function problemsOf(facts: ClusterFacts, now: number): Problem[] {
  const { hostname, members, reports, conflicts, damage } = facts;
  return [
    ...members.flatMap((member) => groupedOf(member.owner, ofMember(member, facts, now))),
    ...reports.flatMap((report) => {
      const owner = members.find(({ id }) => id === report.member)?.owner;
      return groupedOf(owner, ofReport(report, hostname));
    }),
    ...conflicts.map(({ zone, servers: [kept, other], metAt }) => ({
      key: `conflict ${zone}`,
      subject: `Two servers have ${zone}`,
      text: `${kept} and ${other} both write ${zone}, with different content; ${metAt} keeps what ${kept} sent. Take it over on the server that should keep it, and delete it on the other.`,
      over: `Only one server has ${zone} again`,
      group: conflictsOf(facts.ownerOf?.(zone) ?? ROOT),
    })),
    ...ofDamage(damage, hostname),
  ];
}

function ofDamage({ files, lost, journal }: Damage, hostname: string): Problem[] {
  const problems: Problem[] = [];
  const [file] = files;
  if (file !== undefined) {
    problems.push({
      key: 'damaged',
      subject: `Zone files on ${hostname} need attention`,
      text: `The files of ${files.length} zones are missing or can't be used, the first of ${file.zone}: ${file.why}. Nothing was removed anywhere. Restore them under Drift and conflicts.`,
      over: `All zone files on ${hostname} are in order again`,
    });
  }
  const [zone] = lost;
  if (zone !== undefined) {
    problems.push({
      key: 'lost zones',
      subject: `${hostname} lost zones`,
      text: `${lost.length} zones that members took from ${hostname} are neither on ${hostname} now nor were they removed, the first ${zone.zone}, which ${zone.member} has. Nothing was removed there. Look at them under Drift and conflicts, and take them back.`,
      over: `${hostname} has all zones again that members took from it`,
    });
  }
  for (const { aside, steps } of journal) {
    problems.push({
      key: `journal ${aside}`,
      subject: `The journal of zones on ${hostname} is damaged`,
      text: `${steps === 1 ? '1 change' : `${steps} changes`} in it can't be read, so zones may be as they were before, or missing. The file lies aside as ${aside}. Compare the members now (dnscluster drift check), and find out what happened to the disk.`,
      over: `The journal of zones on ${hostname} was whole at the last start`,
    });
  }
  return problems;
}

function conflictsOf(owner: string): ProblemGroup {
  const whose = owner === ROOT ? '' : ` (of ${owner})`;
  return {
    key: `conflict ${owner}`,
    many: `zones are written by two servers${whose}`,
    over: `No zone is written by two servers any more${whose}`,
    ...(owner === ROOT ? {} : { account: owner }),
  };
}

/** What is wrong with the servers of one account is told together: they are that account's to mend. */
function groupedOf(owner: string | undefined, problems: readonly Problem[]): Problem[] {
  if (owner === undefined || owner === ROOT) return [...problems];
  const group = {
    ...{ key: `servers ${owner}`, account: owner, many: `things are wrong with servers of ${owner}` },
    over: `Nothing is wrong any more with the servers of ${owner}`,
  };
  return problems.map((problem) => ({ ...problem, group }));
}

function ofMember(
  member: MemberStatus,
  { hostname, notifyDisabled, autoEnable }: ClusterFacts,
  now: number,
): Problem[] {
  const { id, state, pending, failures, lastFailure = '', lastFailureKind, lastContact, removalsHeld } = member;
  const name = member.hostname;
  const { certificateEnds } = member;
  const waiting = pending === 0 ? '' : ` ${pending} zones wait for it.`;
  const over = `${name} is back in the cluster of ${hostname}`;
  const problems: Problem[] = [];
  if (state === 'disabled' && member.disabledByThreshold === true && notifyDisabled) {
    const until = autoEnable ? 'it has answered for some minutes, or you enable it' : 'you enable it again';
    problems.push({
      key: `disabled ${id}`,
      subject: `${name} was disabled in the cluster of ${hostname}`,
      over,
      text: `${name} failed too many commands in a row and gets no changes until ${until}.${waiting} The last failure: ${lastFailure}`,
    });
  }
  const silent = lastContact === undefined ? 0 : now - Date.parse(lastContact);
  if (state === 'failing' && silent >= FAILING_LONG) {
    problems.push({
      key: `failing ${id}`,
      subject: `${name} fails since ${lastContact ?? ''}`,
      over,
      text: `${name} has not answered for ${Math.round(silent / 60_000)} minutes (${failures} failures in a row).${waiting} The last failure: ${lastFailure}`,
    });
  }
  const { silentNameserver } = member;
  if (silentNameserver !== undefined && now - Date.parse(silentNameserver.since) >= SILENT_LONG) {
    problems.push({
      key: `silent ${id}`,
      subject: `The nameserver of ${name} does not answer`,
      text: `Over ${silentNameserver.over.join(' and ')} no question was answered since ${silentNameserver.since}. ${silentNameserver.why}`,
      over: `The nameserver of ${name} answers again`,
    });
  }
  if (lastFailureKind === 'certificate_changed') {
    problems.push({
      key: `certificate ${id}`,
      subject: `${name} shows another certificate`,
      text: lastFailure,
      over: `The certificate of ${name} is the accepted one again`,
    });
  }
  const left = certificateEnds === undefined ? Infinity : Date.parse(certificateEnds) - now;
  if (left < ENDS_SOON) {
    problems.push({
      key: `certificate ends ${id}`,
      subject: `The certificate of ${name} ${left > 0 ? 'ends soon' : 'has ended'}`,
      text: `It ends at ${certificateEnds ?? ''}. ${RENEWED[member.trust ?? 'certificate']} To accept one, run "dnscluster members accept ${name}" on ${hostname}, and compare it with the fingerprint that ${name} itself prints.`,
      over: `The certificate of ${name} is renewed and accepted`,
    });
  }
  if (removalsHeld !== undefined) {
    problems.push({
      key: `held ${id}`,
      subject: `${removalsHeld.count} removals are held for ${name}`,
      text: `${removalsHeld.count} zones that were removed on ${hostname} are more than 30 % of what ${name} holds, so they are still served there. Check them on the page of ${name}: allow their removal, or restore the zones.`,
      over: `No removals are held for ${name} now`,
    });
  }
  return problems;
}

function ofReport({ member, hostname: name, differences }: DriftReport, hostname: string): Problem[] {
  const undecided = differences.filter(({ repaired }) => repaired === undefined);
  const [first] = undecided;
  if (first === undefined) return [];
  return [
    {
      key: `drift ${member}`,
      subject: `${name} differs from ${hostname}`,
      text: `${undecided.length} zones at ${name} differ, the first ${first.zone}: ${DRIFT_KINDS[first.kind].explanation} Decide on ${hostname} under Drift and conflicts.`,
      over: `${name} no longer differs`,
    },
  ];
}
