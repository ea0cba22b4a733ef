import type { Name } from '../name.js';
import type { SerialAt } from '../zone.js';

/** Where an entry stands in the text, as octets of it. */
interface Span {
  /** Where its first line begins. */
  start: number;
  /** Behind the end of its last line. */
  end: number;
  /** Where its first word begins. */
  wordsStart: number;
  /** Behind its last word; a comment may follow. */
  wordsEnd: number;
}

/**
 * The TTL of what an entry makes, seconds, and where the word with its type begins: a TTL may be written before that.
 */
export interface TtlInEffect {
  ttl: number;
  /** False where it is inherited. */
  isWritten: boolean;
  typeAt: number;
}

/** A record as its entry says it: its own TTL, also where its RRset gets another one. */
interface RecordEntry {
  kind: 'record';
  owner: Name;
  /** False where the line begins with white space, and so takes the owner before it. */
  ownsLine: boolean;
  type: number;
  rdata: string;
  head: TtlInEffect;
  /** Of an SOA whose serial is written as a number. */
  serialAt: SerialAt | undefined;
}

/** A record that `$GENERATE` made. */
export type Made = Pick<RecordEntry, 'owner' | 'type' | 'rdata'>;

interface ControlEntry {
  kind: 'control';
  /** As `$TTL`. */
  directive: string;
  /** Of the records that `$GENERATE` makes. */
  head: TtlInEffect | undefined;
  /** The default TTL from here on, where this sets it. */
  sets: number | undefined;
  /** The records that `$GENERATE` makes. */
  made: readonly Made[];
}

/** What an entry says, without its place. */
export type Untold = RecordEntry | ControlEntry;

/** An RRset has one TTL: what is said of a record that has another one. */
export const TTL_DIFFERS = {
  code: 'ttl_differs',
  message: 'this TTL differs from another of the same name and type; all of them get one TTL',
};

/** One entry of a zone's text, as the parser read it. */
export type ParsedEntry = Untold & Span;
