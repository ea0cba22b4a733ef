import type { Name } from './name.js';
import type { ZoneIssue } from '../errors.js';

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

/** Where the SOA's serial stands in the text's octets. */
export interface SerialAt {
  start: number;
  end: number;
}

/** What a zone's text says: the answer of `parseZone`. */
export interface Zone {
  /** The apex, lower case, wire form. */
  origin: Name;
  /** In the order of the text; RRsets have one TTL, repeated records are dropped (RFC 2181 §5). */
  records: ResourceRecord[];
  /** Findings that do not stop the zone from being served. */
  warnings: ZoneIssue[];
  /**
   * Where the SOA's serial stands in the text's octets, for `withSerial`; absent where it is not written as a number,
   * or twice.
   */
  serialAt?: SerialAt;
}
