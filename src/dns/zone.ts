import type { Name } from './name.js';
import type { ResourceRecord } from './resource-record.js';
import type { ZoneIssue } from '../errors.js';

/** What a zone's text says: the answer of `parseZone`. */
export interface Zone {
  /** The apex, lower case, wire form. */
  origin: Name;
  /** In the order of the text; RRsets have one TTL, repeated records are dropped (RFC 2181 §5). */
  records: ResourceRecord[];
  /** Findings that do not stop the zone from being served. */
  warnings: ZoneIssue[];
  /** Where the SOA's serial stands in the text's octets, for `withSerial`; absent where it is not written as a number. */
  serialAt?: { start: number; end: number };
}
