import { parseZone } from '../../dns/zone-text/parser.js';
import { printZone } from '../../dns/zone-text/printer.js';
import { OctetReader } from '../../dns/octets.js';
import type { ResourceRecord } from '../../dns/zone.js';
import { TYPE } from '../../dns/types.js';
import { isClusterError, sentenceOf } from '../../errors.js';
import type { StatementPlace } from '../../nameservers/configured/configured-zone.js';
import { validateZone } from '../../zones/validation.js';
import { servedZoneName, type ZoneName } from '../../zones/zone-name.js';

/** A zone of the other server: as it can be taken, or why it can't. */
export type Candidate = Found & (Sound | LeftOut);

interface Found {
  /** As the other server writes it. */
  zone: string;
  warnings: readonly string[];
  /** Where its statement stands there, where that is known. */
  place?: StatementPlace | undefined;
}

export interface Sound {
  name: ZoneName;
  text: Buffer;
  serial: number;
  digest: string;
}

interface LeftOut {
  leftOut: string;
  /** It never was a zone to take. */
  isOther?: boolean | undefined;
}

/** Zones that each nameserver has of its own, for questions that shall not leave it (RFC 6303). */
const OF_EVERY_SERVER = /^(localhost|localhost\.localdomain|(127|0|255)\.in-addr\.arpa|(0|1)(\.0){31}\.ip6\.arpa)$/;
const INCLUDE = /^[^\S\n]*\$INCLUDE\b/im;

/** Is it one that every nameserver has of its own? */
export function isOfEveryServer(zone: string): boolean {
  return OF_EVERY_SERVER.test(zone.toLowerCase());
}

/**
 * Checks a text by our own rules. `include`: the folder that `$INCLUDE` may read; its files become part of the text.
 */
export function candidateOf(found: Found, text: Buffer, include?: string): Candidate {
  try {
    const name = servedZoneName(found.zone);
    const whole = INCLUDE.test(text.toString('latin1')) ? withIncluded(text, name, include) : text;
    const { zone, serial, digest, warnings } = validateZone(name, whole);
    const said = warnings.map(({ line, message }) => `line ${line}: ${message}`);
    const signed = signatureWarning(zone.records);
    return { ...found, name, text: whole, serial, digest, warnings: [...found.warnings, ...signed, ...said] };
  } catch (error) {
    return { ...found, leftOut: withoutIntroduction(error) };
  }
}

function withIncluded(text: Buffer, name: ZoneName, include: string | undefined): Buffer {
  if (include === undefined)
    throw new Error('it is made of several files ($INCLUDE): allow their folder with --include FOLDER');
  return Buffer.from(printZone(parseZone(text, name, { include })), 'latin1');
}

/** The finding alone: that nothing was changed is a matter of course here. */
function withoutIntroduction(error: unknown): string {
  return isClusterError(error, 'zone_invalid') ? `not valid: ${error.facts.first}` : sentenceOf(error);
}

/** Signatures are carried as they are; nobody makes new ones. */
function signatureWarning(records: readonly ResourceRecord[]): string[] {
  const ends = records.filter(({ type }) => type === TYPE.RRSIG).map(({ rdata }) => expirationOf(rdata));
  if (ends.length === 0) return [];
  const first = new Date(Math.min(...ends.slice(0, 100_000)) * 1000).toISOString();
  return [
    `it is signed in its file and taken as it is: its first signature expires at ${first}; sign it again and save it before`,
  ];
}

/** RFC 4034 §3.1.5; years beyond 2106 are none that a signature has. */
function expirationOf(rdata: string): number {
  const reader = new OctetReader(rdata);
  reader.take(8);
  return reader.u32();
}
