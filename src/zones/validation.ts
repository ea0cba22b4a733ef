import { zoneDigest } from '../dns/canonical.js';
import { checkZone } from '../dns/check.js';
import { parseZone } from '../dns/zone-text/parser.js';
import { printZone } from '../dns/zone-text/printer.js';
import { soaSerial, withSerial } from '../dns/serial.js';
import type { Zone } from '../dns/zone.js';
import { ClusterError, zoneInvalid, type ZoneIssue } from '../errors.js';
import type { ZoneName } from './zone-name.js';

/** The largest text of one zone, octets. */
export const LARGEST_ZONE = 16 * 1024 * 1024;

/** A zone's text that was parsed and checked: what may be written. */
export interface ValidZone {
  name: ZoneName;
  /** Byte for byte as given. */
  text: Buffer;
  zone: Zone;
  serial: number;
  digest: string;
  warnings: ZoneIssue[];
}

/** Those that were parsed and checked here: a caller may not have types. */
const validated = new WeakSet();

/** Was this made by `validateZone`, or from what it made? */
export function isValidZone(zone: unknown): zone is ValidZone {
  return typeof zone === 'object' && zone !== null && validated.has(zone);
}

/**
 * Parses and checks; `$INCLUDE` is refused, because it would read files of this server. `read` is for a text of which
 * it is known what it says. Throws zone_invalid with all findings.
 */
export function validateZone(name: ZoneName, text: Buffer, read: () => Zone = () => parseZone(text, name)): ValidZone {
  if (text.length > LARGEST_ZONE) throw new ClusterError('zone_too_large', { zone: name, limit: LARGEST_ZONE });
  const zone = read();
  const issues = checkZone(zone, name);
  if (issues.some((issue) => issue.severity === 'error')) throw zoneInvalid(name, issues);
  return valid({ name, text, zone, warnings: [...zone.warnings, ...issues] });
}

/**
 * The same zone under another serial: only the serial's digits change in the text, so that it is as valid as before.
 */
export function withLiftedSerial({ name, text, zone, warnings }: ValidZone, serial: number): ValidZone {
  if (zone.serialAt !== undefined) return valid({ name, warnings, ...withSerial(text, zone, serial) });
  // A serial that is not spelled in digits (RFC 3597 form) has no place to write another: the zone is printed anew.
  const printed = Buffer.from(printZone(zone), 'latin1');
  return valid({ name, warnings, ...withSerial(printed, parseZone(printed, name), serial) });
}

function valid(of: Omit<ValidZone, 'serial' | 'digest'>): ValidZone {
  const serial = soaSerial(of.zone.records);
  if (serial === undefined) throw new Error('a checked zone has an SOA record');
  const made = { ...of, serial, digest: zoneDigest(of.zone) };
  validated.add(made);
  return made;
}
