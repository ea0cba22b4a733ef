import type { ZoneName } from './zone-name.js';

/** What the index knows of a zone without reading its file. */
export interface ZoneEntry {
  name: ZoneName;
  serial: number;
  /** SHA-256 over the canonical form, lower-case hex. */
  digest: string;
  /** The account that the zone belongs to. */
  owner: string;
  /** Time of the last change, milliseconds since 1970. */
  modified: number;
}
