import type { Name } from '../name.js';
import { countLines, placeOf, type Place } from './place.js';
import type { RdataText } from '../rdata-text.js';

/** A place in the text where it is wrong; the parser turns the offset into line and column. */
export class TextError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly offset: number,
  ) {
    super(message);
  }
}

const MAX_WORD = 131_072; // the hexadecimal digits of the longest rdata
const MAX_WORDS = 131_072;
const MAX_PARENTHESES = 64;

const [TAB, LF, CR, SPACE, QUOTE, OPEN, CLOSE, SEMICOLON, BACKSLASH] = [9, 10, 13, 32, 34, 40, 41, 59, 92];

/** Octets that end an unquoted word: NUL, white space, quotes, parentheses, comment (as BIND's lexer). */
const ENDS_WORD = new Uint8Array(256);
for (const octet of [0, TAB, LF, CR, SPACE, QUOTE, OPEN, CLOSE, SEMICOLON]) ENDS_WORD[octet] = 1;

/**
 * Cuts master file text (RFC 1035 §5.1) into entries: a line, or several joined by parentheses, and its words. It is
 * also the cursor over the words of the entry read last. Words are offsets into the text; no strings are made.
 */
export class Lexer implements RdataText {
  /** The entry began with white space: its owner is the one before. */
  indented = false;
  /** Line where the entry begins, from 1. */
  line = 1;
  /** Octet where the entry's first line begins. */
  entryStart = 0;
  count = 0;
  origin: Name;
  #at = 0;
  #nextLine = 1;
  #cursor = 0;
  /** Where the reading of this entry began, blank lines before it included, and the line there. */
  #entryAt = 0;
  #entryLine = 1;
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly #quoted: boolean[] = [];
  readonly #end: number;

  constructor(
    readonly bytes: Buffer,
    origin: Name,
    end = bytes.length,
  ) {
    this.#end = end;
    this.origin = origin;
  }

  /**
   * Reads the next entry that has words; false at the end of the text. Throws TextError for an entry that cannot be cut
   * into words; reading then goes on behind it.
   */
  readEntry(): boolean {
    const { bytes } = this;
    const end = this.#end;
    let depth = 0;
    let firstOpen = 0;
    let atLineStart = true;
    let at = this.#at;
    this.count = 0;
    this.#cursor = 0;
    this.indented = false;
    this.line = this.#nextLine;
    this.entryStart = at;
    this.#entryAt = at;
    this.#entryLine = this.#nextLine;
    for (;;) {
      if (at >= end) {
        this.#at = end;
        if (depth > 0) throw new TextError('unbalanced_parentheses', 'this "(" is never closed', firstOpen);
        return this.count > 0;
      }
      const octet = bytes[at] ?? 0;
      if (octet === SPACE || octet === TAB) {
        if (atLineStart) this.indented = true;
        at++;
      } else if (octet === LF || octet === CR) {
        if (octet === LF) this.#nextLine++;
        at++;
        if (depth === 0) {
          if (octet === CR) {
            // BIND ends a line at a lone CR too; it is no new line in anybody's editor, so it is not counted as one.
            if (bytes[at] === LF && at < end) {
              at++;
              this.#nextLine++;
            }
          }
          if (this.count > 0) {
            this.#at = at;
            return true;
          }
          this.line = this.#nextLine;
          this.entryStart = at;
          this.indented = false;
          atLineStart = true;
          continue;
        }
      } else if (octet === SEMICOLON) {
        at = bytes.indexOf(LF, at);
        if (at < 0 || at > end) at = end;
      } else if (octet === OPEN) {
        if (depth++ === 0) firstOpen = at;
        if (depth > MAX_PARENTHESES)
          this.#fail(at, 'unbalanced_parentheses', `more than ${MAX_PARENTHESES} "(" are open`);
        at++;
      } else if (octet === CLOSE) {
        if (depth-- === 0) this.#fail(at, 'unbalanced_parentheses', 'this ")" closes nothing');
        at++;
      } else {
        at = octet === QUOTE ? this.#readQuoted(at) : this.#readPlain(at);
      }
      atLineStart = false;
    }
  }

  #readPlain(start: number): number {
    const { bytes } = this;
    const end = this.#end;
    let at = start;
    while (at < end) {
      const octet = bytes[at] ?? 0;
      if (octet === BACKSLASH) {
        const next = bytes[at + 1];
        // A line's end cannot be escaped outside quotes.
        at += next === LF || next === CR || at + 1 >= end ? 1 : 2;
      } else if (ENDS_WORD[octet] === 1) break;
      else at++;
    }
    if (at === start) this.#fail(at, 'unexpected_octet', 'a zero octet cannot stand in a zone file; write it as \\000');
    this.#push(start, at, false);
    return at;
  }

  #readQuoted(open: number): number {
    const { bytes } = this;
    const end = this.#end;
    let at = open + 1;
    for (;;) {
      const octet = bytes[at] ?? 0;
      if (at >= end || octet === LF) {
        return this.#fail(open, 'unbalanced_quotes', 'these quotes are never closed on their line');
      }
      if (octet === QUOTE) break;
      if (octet === BACKSLASH && at + 1 < end) {
        if (bytes[at + 1] === LF) this.#nextLine++; // quotes go on behind an escaped line's end
        at += 2;
      } else at++;
    }
    this.#push(open + 1, at, true);
    return at + 1;
  }

  #push(start: number, end: number, quoted: boolean): void {
    if (end - start > MAX_WORD) this.#fail(start, 'word_too_long', `a word is longer than ${MAX_WORD} octets`);
    if (this.count >= MAX_WORDS) this.#fail(start, 'too_many_words', `an entry has more than ${MAX_WORDS} words`);
    if (this.count === 0) this.line = this.#nextLine;
    this.#starts[this.count] = start;
    this.#ends[this.count] = end;
    this.#quoted[this.count++] = quoted;
  }

  /**
   * Refuses the entry, and puts the reading at the next line's start: what is behind the fault is read as new entries.
   */
  #fail(offset: number, code: string, message: string): never {
    const lineEnd = this.bytes.indexOf(LF, offset);
    this.#at = lineEnd < 0 || lineEnd >= this.#end ? this.#end : lineEnd + 1;
    this.#nextLine = this.#entryLine + countLines(this.bytes, this.#entryAt, this.#at);
    throw new TextError(code, message, offset);
  }

  /** Where an octet of the entry under way is. */
  placeOf(offset: number): Place {
    return placeOf(this.bytes, offset, { offset: this.#entryAt, line: this.#entryLine });
  }

  /** Octet behind the end of the entry's last line. */
  get entryEnd(): number {
    return this.#at;
  }

  /** Octet behind the last word of the entry, with its quotes. */
  get wordsEnd(): number {
    const last = this.count - 1;
    return (this.#ends[last] ?? 0) + (this.#quoted[last] === true ? 1 : 0);
  }

  more(): boolean {
    return this.#cursor < this.count;
  }

  next(what: string): number {
    if (this.#cursor >= this.count) {
      const end = this.#ends[this.count - 1] ?? 0;
      throw new TextError('syntax', `expected ${what}, but the record ends here`, end);
    }
    return this.#cursor++;
  }

  nextPlain(what: string): number {
    const word = this.next(what);
    if (this.#quoted[word] === true) this.refuse(`expected ${what} without quotes`);
    return word;
  }

  /** The next word, without moving to it; undefined at the end. */
  peek(): number | undefined {
    return this.#cursor < this.count ? this.#cursor : undefined;
  }

  /** Moves over the word that `peek` showed. */
  skip(): void {
    this.#cursor++;
  }

  word(what: string): string {
    return this.textOf(this.nextPlain(what));
  }

  textOf(word: number): string {
    return this.bytes.toString('latin1', this.#starts[word], this.#ends[word]);
  }

  startOf(word: number): number {
    return this.#starts[word] ?? 0;
  }

  endOf(word: number): number {
    return this.#ends[word] ?? 0;
  }

  isQuoted(word: number): boolean {
    return this.#quoted[word] === true;
  }

  refuse(why: string, code = 'syntax'): never {
    throw new TextError(code, why, this.lastStart());
  }

  /** Where the word read last begins. */
  lastStart(): number {
    return this.#starts[Math.max(0, this.#cursor - 1)] ?? 0;
  }
}
