import type { Name } from './name.js';

/** One record of a zone. The class is always IN: a zone of another class is refused when it is read. */
export interface ResourceRecord {
  /** Owner name, with the case in which it was written. */
  owner: Name;
  /** Seconds, 0 to 2^31 - 1 (RFC 2181 §8). */
  ttl: number;
  /** Type code, as 1 for A. */
  type: number;
  /** Uncompressed wire rdata as an octet string (one character per octet), names inside with their case. */
  rdata: string;
  /** Line of the zone's text where the record begins, from 1; 0 where it came from elsewhere. */
  line: number;
}
