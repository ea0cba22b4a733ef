import type { Name } from '../name.js';

/** Where an entry stands in the text, as octets of it. */
interface Span {
  /** Where its first line begins. */
  start: number;
  /** Behind the end of its last line. */
  end: number;
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
}

interface ControlEntry {
  kind: 'control';
  /** As `$TTL`. */
  directive: string;
  /** Of the records that `$GENERATE` makes. */
  head: TtlInEffect | undefined;
  /** The default TTL from here on, where this sets it. */
  sets: number | undefined;
}

/** What an entry says, without its place. */
export type Untold = RecordEntry | ControlEntry;

/** One entry of a zone's text, as the parser read it. */
export type ParsedEntry = Untold & Span;
