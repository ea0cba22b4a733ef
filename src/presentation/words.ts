import type { AuditAction } from '../cluster/model/audit.js';
import type { NameserverStatus } from '../nameservers/nameserver.js';
import type { MemberZoneState, SynchronizeProgress } from '../cluster/model/results.js';
import type { MemberStatus } from '../cluster/model/member-status.js';

/** A state in a word, and how the style sheet marks it beside the word. */
interface StateWord {
  label: string;
  tone: 'good' | 'waiting' | 'bad' | 'off';
}

export const MEMBER_STATES: Readonly<Record<MemberStatus['state'], StateWord>> = {
  online: { label: 'Online', tone: 'good' },
  failing: { label: 'Failing', tone: 'bad' },
  disabled: { label: 'Disabled', tone: 'off' },
};

export const ZONE_STATES: Readonly<Record<MemberZoneState['state'], StateWord>> = {
  served: { label: 'Served', tone: 'good' },
  acknowledged: { label: 'Taken, not yet seen in DNS', tone: 'waiting' },
  pending: { label: 'Waiting', tone: 'waiting' },
  failed: { label: 'Failed', tone: 'bad' },
  disabled: { label: 'Server disabled', tone: 'off' },
  removed: { label: 'Deleted', tone: 'good' },
  kept: { label: 'Kept', tone: 'waiting' },
};

/** Of a synchronization, while it runs. */
export const PHASES: Readonly<Record<SynchronizeProgress['phase'], string>> = {
  asking: 'Comparing the zones of other servers',
  taking: 'Taking newer copies',
  sending: 'Sending zones to the servers that get changes',
};

const COMMANDS: Readonly<Record<AuditAction, string>> = {
  saveZone: 'Zone saved',
  addZone: 'Zone created',
  createZone: 'Zone created',
  removeZone: 'Zone deleted',
  saveZones: 'Zones saved',
  removeZones: 'Zones deleted',
  reloadZones: 'Zones loaded again',
  rescanZones: 'Zone files read again',
  restoreZone: 'Zone restored',
  setOwner: 'Owner of zones set',
  synchronize: 'Synchronized',
  startSynchronize: 'Synchronized',
  setClustering: 'DNS clustering',
  configure: 'Options',
  allowNames: 'Allow an account names',
  takeOverZone: 'Zone taken over',
  handOverZones: 'Zones handed over',
  freeZones: 'Zones let go',
  forgetConflict: 'Conflict dismissed',
  allowRemovals: 'Removals allowed',
  acceptKey: 'Key accepted',
  takeBackKey: 'Key taken back',
  restoreFile: 'Zone file restored',
  restoreFiles: 'Zone files restored',
  checkDrift: 'Drift check',
  settleDrift: 'Drift resolved',
  addMember: 'Server added',
  trustMember: 'Trusted a server',
  editMember: 'Server edited',
  setMemberRole: 'DNS role',
  enableMember: 'Server enabled',
  disableMember: 'Server disabled',
  removeMember: 'Server deleted',
};

/** What was asked for, in words. An action that is not here is shown as it is. */
export const ACTIONS: Readonly<Record<string, string>> = {
  ...COMMANDS,
  addUser: 'User added',
  setPassword: 'Password of a user',
  removeUser: 'User removed',
  createToken: 'Token created',
  updateToken: 'Token edited',
  revokeToken: 'Token revoked',
  createAccessKey: 'Remote access key created',
  setAccessKeys: 'Remote access keys',
};

const UNITS: readonly [seconds: number, word: string][] = [
  [86_400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
];

/** How long ago, in words: `3 minutes ago`. `when` is an ISO time or milliseconds since 1970. */
export function timeAgo(when: string | number, now = Date.now()): string {
  const duration = durationSince(when, now);
  return duration === undefined ? 'just now' : `${duration} ago`;
}

const MIB = 2 ** 20;

/** What a nameserver is and how it does, in one line: `BIND 9.18.49, 61 MiB of memory, up 3 hours`. */
export function nameserverLine({ software, version, memory, startedAt }: NameserverStatus, now = Date.now()): string {
  const parts = [`${software} ${version}`.trim()];
  if (memory !== undefined) parts.push(`${Math.ceil(memory / MIB).toLocaleString('en')} MiB of memory`);
  if (startedAt !== undefined) parts.push(`up ${durationSince(startedAt, now) ?? 'since a moment ago'}`);
  return parts.join(', ');
}

/** Undefined for less than a second. */
function durationSince(when: string | number, now: number): string | undefined {
  const seconds = Math.round((now - new Date(when).getTime()) / 1000);
  for (const [length, word] of UNITS) {
    const count = Math.floor(seconds / length);
    if (count >= 1) return `${count} ${word}${count === 1 ? '' : 's'}`;
  }
  return undefined;
}
