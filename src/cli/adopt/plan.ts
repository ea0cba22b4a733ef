import { compareSerials } from '../../dns/serial.js';
import { validateZone, withLiftedSerial } from '../../zones/validation.js';
import type { Candidate, Sound } from './candidate.js';

/** A zone that the service has already. */
export interface ZoneHere {
  serial: number;
  digest: string;
}

/**
 * What to do with a zone: `take` it as new, `switch` this nameserver to it from a statement of its own, `replace` what
 * is here, leave it `unchanged` here, or leave it there (`left`).
 */
export interface Planned {
  candidate: Candidate;
  verdict: 'take' | 'switch' | 'replace' | 'unchanged' | 'left';
  /** Of `left`, `switch` and `unchanged`. */
  why?: string;
  /** Does somebody have to do something about it? */
  isOpen: boolean;
}

/** Compares the zones of the other server with those here. `newest`: a later serial there replaces what is here. */
export function planOf(
  candidates: readonly Candidate[],
  held: ReadonlyMap<string, ZoneHere>,
  { newest }: { newest: boolean },
): Planned[] {
  return candidates.map((candidate): Planned => {
    if ('leftOut' in candidate) {
      return { candidate, verdict: 'left', why: candidate.leftOut, isOpen: candidate.isOther !== true };
    }
    const here = held.get(candidate.name);
    if (here === undefined) return { candidate, verdict: 'take', isOpen: false };
    if (here.digest === candidate.digest) return { candidate, verdict: 'unchanged', isOpen: false };
    if (isSameBut(candidate, here)) {
      const why = `the same, with the serial ${here.serial} here and ${candidate.serial} there`;
      return { candidate, verdict: 'unchanged', why, isOpen: false };
    }
    const order = compareSerials(candidate.serial, here.serial);
    if (order > 0 && newest) return { candidate, verdict: 'replace', isOpen: false };
    return { candidate, verdict: 'left', why: whyLeft(order, candidate, here), isOpen: true };
  });
}

/**
 * What to do with zones that this server's own nameserver has from the operator's configuration: with `--switch` their
 * statements are removed from it; else they are left, because a nameserver can't have a zone twice.
 */
export function withForeign(planned: readonly Planned[], foreign: ReadonlySet<string>, isSwitch: boolean): Planned[] {
  return planned.map((one): Planned => {
    const { candidate } = one;
    if (one.verdict !== 'take' || 'leftOut' in candidate || !foreign.has(candidate.name)) return one;
    const { place } = candidate;
    const where = place === undefined ? 'elsewhere' : `${place.file}, lines ${place.from} to ${place.to}`;
    const why = `served by this server's own nameserver from ${where}`;
    if (place === undefined) return { candidate, verdict: 'left', why: `${why}: remove it there first`, isOpen: true };
    if (isSwitch) return { candidate, verdict: 'switch', why: `${why}: its statement is removed`, isOpen: false };
    return { candidate, verdict: 'left', why: `${why}: --switch removes its statement`, isOpen: true };
  });
}

function isSameBut({ name, text }: Sound, { serial, digest }: ZoneHere): boolean {
  return withLiftedSerial(validateZone(name, text), serial).digest === digest;
}

function whyLeft(order: number, { serial: there }: Sound, { serial: here }: ZoneHere): string {
  const serials = `(serial ${there} there, ${here} here)`;
  if (order > 0) return `already here with other content, and the copy there is newer ${serials}: --newest takes it`;
  if (order < 0) return `already here with other content, and the copy here is newer ${serials}`;
  return `already here with other content and the same serial ${here}: save the right one here`;
}
