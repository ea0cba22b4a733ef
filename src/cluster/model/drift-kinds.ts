import { compareSerials } from '../../dns/serial.js';
import type { ZoneName } from '../../zones/zone-name.js';

/** How a member can differ from what it should hold. */
export const DRIFT_KINDS = {
  missing: { label: 'Missing', explanation: 'It does not have the zone.' },
  stale: { label: 'Stale', explanation: 'It has an older version.' },
  ahead: { label: 'Ahead', explanation: 'It has a later serial than this server.' },
  set_back: {
    label: 'Later there, from this server',
    explanation:
      'It has a version that this server gave it and does not know: this server was set back to an older state, or a second one runs under its name.',
  },
  edited: { label: 'Edited there', explanation: 'It has other records under the same serial.' },
  extra: { label: 'Extra', explanation: 'It has a zone of this server that is no longer here.' },
  other: { label: 'Of another server', explanation: 'It has the zone from another server.' },
  not_served: { label: 'Not served', explanation: 'It has the zone, and its nameserver does not answer for it.' },
  served_stale: {
    label: 'Other version served',
    explanation: 'Its nameserver answers with another serial than its file has.',
  },
  wrong_ns: { label: 'Wrong NS set', explanation: 'Its nameserver answers with other nameservers for the zone.' },
  unsigned: { label: 'Unsigned', explanation: 'The zone is signed here, and its nameserver answers without keys.' },
  wrong_data: { label: 'Wrong data', explanation: 'Its nameserver answers with other records under the right serial.' },
} as const satisfies Record<string, { label: string; explanation: string }>;

export type DriftKind = keyof typeof DRIFT_KINDS;

/** One zone of one member that is not as it should be. */
export interface Difference {
  zone: ZoneName;
  kind: DriftKind;
  /** Serials, where known. */
  here?: number;
  there?: number;
  /** Which copy is newer, by their serials. */
  newer: 'here' | 'there' | 'neither' | 'unknown';
  /** What is wrong in particular: the first name and type that is answered otherwise. */
  detail?: string;
  /** What was done about it already. */
  repaired?: string;
}

/** The result of checking one member. */
export interface DriftReport {
  member: string;
  hostname: string;
  /** ISO times. */
  started: string;
  finished: string;
  /** Zones that were compared, those whose serial was asked for by DNS, and those of which every RRset was. */
  compared: number;
  asked: number;
  askedWhole: number;
  /** How its copies were compared: digests, whole texts, or names alone. */
  by: 'digests' | 'texts' | 'names';
  /** At most 1,000. */
  differences: Difference[];
  /** How many there were. */
  found: number;
  /** Why the check is not complete. */
  incomplete?: string;
}

/** Where nothing is known yet of a member but what it said by itself. */
export function reportOf({ id, hostname }: { id: string; hostname: string }): DriftReport {
  const now = new Date().toISOString();
  const none = { compared: 0, asked: 0, askedWhole: 0, differences: [], found: 0 };
  return { member: id, hostname, started: now, finished: now, by: 'digests', ...none };
}

export const MOST_DIFFERENCES = 1_000;

/** What tells two versions of a zone apart. */
interface Version {
  serial: number;
  digest: string;
}

/** How the copy there differs from the one here; undefined where they are the same. */
export function compareCopies(zone: ZoneName, here: Version, there: Version | undefined): Difference | undefined {
  if (there === undefined) return { zone, kind: 'missing', here: here.serial, newer: 'here' };
  if (here.digest === there.digest) return undefined;
  const order = compareSerials(here.serial, there.serial);
  const serials = { here: here.serial, there: there.serial };
  if (order > 0) return { zone, kind: 'stale', ...serials, newer: 'here' };
  if (order < 0) return { zone, kind: 'ahead', ...serials, newer: 'there' };
  return { zone, kind: 'edited', ...serials, newer: 'neither' };
}

/** Differences that nobody has to decide: what we have is newer, and the member has it from us. */
export function isOursToRepair({ kind }: Difference): boolean {
  return kind === 'missing' || kind === 'stale';
}

/** Ways to resolve a difference: send ours again under a later serial, take theirs, or remove theirs. */
export type Resolution = 'send' | 'take' | 'remove';
