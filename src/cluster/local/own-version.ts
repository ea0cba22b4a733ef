import { compareSerials } from '../../dns/serial.js';
import type { KeptVersion } from '../../wire-format/outcome-lines.js';
import { validateZone, withLiftedSerial } from '../../zones/validation.js';
import type { ZoneHistory } from '../../zones/zone-history.js';
import type { ZoneName } from '../../zones/zone-name.js';

/**
 * Is what a member keeps a version that this server had, as its history tells? Its serial may have been lifted there. What is older than all
 * that the history has was cut from it: a later version of which this server does not know is not.
 */
export async function wasOurs(name: ZoneName, kept: KeptVersion, history: ZoneHistory): Promise<boolean> {
  const versions = await history.of(name);
  const oldest = versions.at(-1);
  if (oldest !== undefined && compareSerials(kept.serial, oldest.serial) < 0) return true;
  return versions.some(({ text }) => isSame(name, text, kept));
}

function isSame(name: ZoneName, text: Buffer, { serial, digest }: KeptVersion): boolean {
  try {
    return withLiftedSerial(validateZone(name, text), serial).digest === digest;
  } catch {
    return false;
  }
}
