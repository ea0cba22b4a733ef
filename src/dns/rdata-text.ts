import type { Name } from './name.js';

/**
 * The words of one record's rdata, in master file form, with a place in them. Words are ranges of `bytes`, because
 * making a string of each would cost more than everything else.
 */
export interface RdataText {
  readonly bytes: Buffer;
  /** What relative names are relative to. */
  readonly origin: Name;
  /** Is there another word? */
  more(): boolean;
  /** The number of the next word, without moving to it; undefined at the end. */
  peek(): number | undefined;
  /** Moves to the next word and returns its number; `what` names it in the refusal when there is none. */
  next(what: string): number;
  /** As `next`, and refuses a word in quotes: BIND takes quotes only where text is expected. */
  nextPlain(what: string): number;
  /** As `nextPlain`, and returns the word as an octet string, escapes untouched. */
  word(what: string): string;
  startOf(word: number): number;
  endOf(word: number): number;
  isQuoted(word: number): boolean;
  /** Refuses the word read last. */
  refuse(why: string): never;
}
