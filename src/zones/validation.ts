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

/** Parses and checks; `$INCLUDE` is refused, because it would read files of this server. Throws zone_invalid with all findings. */
export function validateZone(name: ZoneName, text: Buffer): ValidZone {
  if (text.length > LARGEST_ZONE) throw new ClusterError('zone_too_large', { zone: name, limit: LARGEST_ZONE });
  const zone = parseZone(text, name);
  const issues = checkZone(zone, name);
  if (issues.some((issue) => issue.severity === 'error')) throw zoneInvalid(name, issues);
  return { name, text, zone, ...published(zone), warnings: [...zone.warnings, ...issues] };
}

/** The same zone under another serial: only the serial's digits change in the text. */
export function withLiftedSerial(valid: ValidZone, serial: number): ValidZone {
  let { text, zone } = valid;
  if (zone.serialAt === undefined) {
    // A serial that is not spelled in digits (RFC 3597 form) has no place to write another: the zone is printed anew.
    text = Buffer.from(printZone(zone), 'latin1');
    zone = parseZone(text, valid.name);
  }
  text = withSerial(text, zone, serial);
  zone = parseZone(text, valid.name);
  return { ...valid, text, zone, ...published(zone) };
}

function published(zone: Zone): { serial: number; digest: string } {
  const serial = soaSerial(zone.records);
  if (serial === undefined) throw new Error('a checked zone has an SOA record');
  return { serial, digest: zoneDigest(zone) };
}
