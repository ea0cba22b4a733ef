import { compareSerials } from '../../dns/serial.js';
import type { ValidZone } from '../../zones/validation.js';

/** A zone as a member has it, or as it is here. */
export interface Copy extends Pick<ValidZone, 'serial' | 'digest'> {
  text: () => Buffer;
  /** Where that is kept. */
  valid?: ValidZone;
}

/** The original's rule: the later serial (RFC 1982), then the later time in the first line's comment, then ours. */
export function isNewer(found: Copy, held: Copy | undefined): boolean {
  if (held === undefined) return true;
  if (found.digest === held.digest) return false;
  return (compareSerials(found.serial, held.serial) || updateTime(found.text()) - updateTime(held.text())) > 0;
}

/** As `; cPanel first:… (update_time):1600000000 …` in the first line; 0 where it says none. */
function updateTime(text: Buffer): number {
  const line = text.subarray(0, 1_000).toString('latin1').split('\n', 1)[0] ?? '';
  return Number(/^;.*\(update_time\):(\d{1,12})(\s|$)/.exec(line)?.[1] ?? 0);
}
