import type { ZoneHome } from './home.js';
import type { ValidZone } from './validation.js';
import type { ZoneName } from './zone-name.js';

/** A zone to write. */
export interface ZoneWrite {
  valid: ValidZone;
  owner: string;
  home?: ZoneHome | undefined;
  /** Its text comes from the zone's own file, which a person made or changed. */
  found?: true;
}

/** A zone to remove. */
export interface ZoneRemoval {
  name: ZoneName;
  home?: ZoneHome | undefined;
  isKept?: true | undefined;
}
