import { zoneInvalid, type ZoneIssue } from '../../errors.js';
import { attempt, faultOf } from './fault.js';
import { expand, MAX_GENERATED, parseRange } from './generate.js';
import { MAX_INCLUDE_DEPTH, readIncluded } from './include.js';
import { Lexer } from './lexer.js';
import { encodeName, lowerName, parseName, type Name } from '../name.js';
import { parseRdata } from '../rdata.js';
import { readHead, type RecordHead } from './record-head.js';
import { TTL_DIFFERS, type Made, type ParsedEntry, type TtlInEffect, type Untold } from './parsed-entry.js';
import { RRsets } from '../rrsets.js';
import { MAX_TTL, readTtl } from '../ttl.js';
import { TYPE } from '../types.js';
import type { SerialAt, Zone } from '../zone.js';

export const MAX_ISSUES = 100;
export const MAX_RECORDS = 1_000_000;
const MAX_INCLUDES = 1000;
const DOLLAR = 36;
const ownerOctets = Buffer.alloc(600);

export interface ParseOptions {
  /** Folder from which `$INCLUDE` may read; without it `$INCLUDE` is refused. */
  include?: string;
  /** Is told each entry of the text itself in its order, for those who edit it; not what it includes. */
  entry?: (entry: ParsedEntry) => void;
}

/**
 * Reads a zone's master file text (RFC 1035 §5) as BIND 9.18 reads it. `zone` is its name, as "example.org". A string
 * is taken as UTF-8. Throws zone_invalid with all issues found, at most 100. Whether the records make a zone that can
 * be served is for `checkZone` to say.
 */
export function parseZone(text: Buffer | string, zone: string, options: ParseOptions = {}): Zone {
  const parser = new ZoneParser(zone, options);
  return parser.parse(typeof text === 'string' ? Buffer.from(text, 'utf8') : text);
}

/** What the reading of one file carries along; `$INCLUDE` begins a new one, and the old goes on afterwards. */
interface Source {
  lexer: Lexer;
  owner: Name | undefined;
  depth: number;
  /** The records come from `$GENERATE`. */
  generating?: true;
  /** Where the file is named in the zone's own text, for a file that was included. */
  file?: string;
}

class ZoneParser {
  readonly #origin: Name;
  readonly #rrsets = new RRsets();
  readonly #errors: ZoneIssue[] = [];
  readonly #warnings: ZoneIssue[] = [];
  #soas = 0;
  #serialAt: SerialAt | undefined;
  /** Records read so far, also those that were repeated. */
  #added = 0;
  #included = 0;
  /** A limit was met: nothing more is read. */
  #stopped = false;
  /** `$TTL`, or the SOA's minimum where neither was given. */
  #defaultTtl: number | undefined;
  /** The last TTL that was written, which holds on where there is no default (RFC 1035 §5.1). */
  #lastTtl: number | undefined;
  readonly #zone: string;
  readonly #options: ParseOptions;

  constructor(zone: string, options: ParseOptions) {
    this.#zone = zone;
    this.#options = options;
    this.#origin = lowerName(parseName(zone.endsWith('.') ? zone : zone + '.'));
  }

  parse(text: Buffer): Zone {
    this.#readFile({ lexer: new Lexer(text, this.#origin), owner: undefined, depth: 0 });
    if (this.#errors.length > 0)
      throw zoneInvalid(this.#zone, [...this.#errors, ...this.#warnings].slice(0, MAX_ISSUES));
    const zone: Zone = { origin: this.#origin, records: this.#rrsets.finish(), warnings: this.#warnings };
    if (this.#serialAt !== undefined) zone.serialAt = this.#serialAt;
    return zone;
  }

  #readFile(source: Source): void {
    while (this.#errors.length < MAX_ISSUES && !this.#stopped) {
      try {
        if (!source.lexer.readEntry()) return;
        this.#readEntry(source);
      } catch (error) {
        this.#fault(source, error);
      }
    }
  }

  #readEntry(source: Source): void {
    const { lexer } = source;
    if (!lexer.indented) {
      const word = lexer.next('a name');
      if (lexer.bytes[lexer.startOf(word)] === DOLLAR && !lexer.isQuoted(word)) {
        this.#readDirective(source, word);
        return;
      }
      source.owner = this.#readOwner(lexer, word, source.owner);
    } else if (source.owner === undefined) {
      lexer.next('a record');
      return lexer.refuse(
        'the line begins with white space, and there is no record before it whose name it could take',
      );
    }
    this.#readRecord(source, source.owner);
  }

  #readOwner(lexer: Lexer, word: number, previous: Name | undefined): Name {
    const { bytes } = lexer;
    const length = encodeName(bytes, lexer.startOf(word), lexer.endOf(word), lexer.origin, ownerOctets, 0);
    if (previous?.length === length) {
      // Most owners are the one before: its string is kept, which saves making it, its hash and its lookups.
      let i = 0;
      while (i < length && previous.charCodeAt(i) === ownerOctets[i]) i++;
      if (i === length) return previous;
    }
    return ownerOctets.toString('latin1', 0, length) as Name;
  }

  #readRecord(source: Source, owner: Name): void {
    const { lexer } = source;
    const { ttl: written, type } = this.#readHead(lexer);
    const typeAt = lexer.lastStart();
    const first = lexer.peek();
    const rdata = parseRdata(type, lexer);
    let serialAt: SerialAt | undefined;
    if (type === TYPE.SOA) {
      if (lowerName(owner) !== this.#origin)
        lexer.refuse('the SOA must stand at the top of the zone', 'soa_not_at_apex');
      if (source.depth === 0 && first !== undefined && lexer.textOf(first) !== '\\#')
        serialAt = { start: lexer.startOf(first + 2), end: lexer.endOf(first + 2) };
      this.#serialAt = serialAt;
    }
    const ttl = this.#ttlFor(lexer, written, type, rdata);
    this.#add(source, owner, ttl, type, rdata);
    const head = { ttl, isWritten: written !== undefined, typeAt };
    this.#tell(source, { kind: 'record', owner, ownsLine: !lexer.indented, type, rdata, head, serialAt });
  }

  #tell({ lexer, depth }: Source, entry: Untold): void {
    if (depth > 0 || this.#options.entry === undefined) return;
    const { entryStart: start, entryEnd: end, wordsEnd } = lexer;
    this.#options.entry({ ...entry, start, end, wordsStart: lexer.startOf(0), wordsEnd });
  }

  #readHead(lexer: Lexer): RecordHead {
    const head = readHead(lexer);
    if (head.ttl !== undefined) this.#lastTtl = head.ttl;
    return head;
  }

  /** The TTL of a record for which `written` was written, if any. */
  #ttlFor(lexer: Lexer, written: number | undefined, type: number, rdata: string): number {
    const ttl = written ?? this.#defaultTtl ?? this.#lastTtl;
    if (ttl !== undefined) return ttl;
    if (type !== TYPE.SOA) return lexer.refuse('no TTL is given: write one, or $TTL at the top', 'no_ttl');
    const minimum = Buffer.from(rdata.slice(-4), 'latin1').readUInt32BE(0);
    if (minimum > MAX_TTL)
      lexer.refuse(`no TTL is given, and the SOA's minimum is above ${MAX_TTL}`, 'ttl_out_of_range');
    return (this.#defaultTtl = minimum);
  }

  #add(source: Source, owner: Name, ttl: number, type: number, rdata: string): void {
    const { lexer } = source;
    // An SOA that is repeated has two serials: neither can be changed alone.
    if (type === TYPE.SOA && ++this.#soas > 1) this.#serialAt = undefined;
    if (++this.#added > MAX_RECORDS) {
      this.#stopped = true;
      lexer.refuse(`a zone has at most ${MAX_RECORDS} records`, 'too_many_records');
    }
    const agrees =
      source.generating === true
        ? this.#rrsets.addGenerated(owner, ttl, type, rdata, lexer.line)
        : this.#rrsets.add(owner, ttl, type, rdata, lexer.line);
    if (!agrees && this.#warnings.length < MAX_ISSUES) {
      const { code, message } = TTL_DIFFERS;
      this.#warnings.push(this.#issue('warning', source, lexer.startOf(0), code, message));
    }
  }

  #readDirective(source: Source, word: number): void {
    const { lexer } = source;
    const directive = lexer.textOf(word).toUpperCase();
    const made: Made[] = [];
    let head: TtlInEffect | undefined;
    switch (directive) {
      case '$ORIGIN':
        lexer.origin = this.#readName(lexer, 'the origin');
        break;
      case '$TTL':
        this.#defaultTtl = this.#readDefaultTtl(lexer);
        break;
      case '$DATE': // a time of writing, in files that BIND dumped
        lexer.next('a time');
        break;
      case '$GENERATE':
        head = this.#generate(source, made);
        break;
      case '$INCLUDE':
        this.#include(source);
        break;
      default:
        lexer.refuse(`${directive.slice(0, 40)} is not a directive; known are $ORIGIN, $TTL, $GENERATE, $INCLUDE`);
    }
    if (lexer.more()) {
      lexer.next('');
      lexer.refuse('the line should end before this word; text with blanks in it needs quotes');
    }
    const sets = directive === '$TTL' ? this.#defaultTtl : undefined;
    this.#tell(source, { kind: 'control', directive, head, sets, made });
  }

  #readName(lexer: Lexer, what: string): Name {
    return this.#readOwner(lexer, lexer.nextPlain(what), undefined);
  }

  #readDefaultTtl(lexer: Lexer): number {
    const word = lexer.nextPlain('a TTL');
    const ttl = readTtl(lexer.bytes, lexer.startOf(word), lexer.endOf(word));
    if (ttl === undefined) return lexer.refuse('expected a TTL, seconds or a time such as 1h30m');
    return ttl > MAX_TTL ? lexer.refuse(`a TTL is at most ${MAX_TTL} seconds`, 'ttl_out_of_range') : ttl;
  }

  /** Puts the records into `records`, too. */
  #generate(source: Source, records: Made[]): TtlInEffect {
    const { lexer } = source;
    const numbers = parseRange(lexer.word('a range'));
    if (numbers === undefined) {
      const limit = `at most ${MAX_GENERATED} records`;
      return lexer.refuse(`expected a range such as 1-10 or 0-100/5 that makes ${limit}`, 'generate_range');
    }
    const left = lexer.word('a name with $');
    const { ttl: written, type } = this.#readHead(lexer);
    const typeAt = lexer.lastStart();
    const word = lexer.next('the rdata with $');
    const template = lexer.textOf(word);
    const right = lexer.isQuoted(word) ? template.replaceAll('\\"', '"') : template;
    const ttl = this.#ttlFor(lexer, written, type, '');
    const generated: Source = { ...source, generating: true };
    for (let i = numbers.start; i <= numbers.stop; i += numbers.step) {
      const owner = expand(left, i);
      const rdata = expand(right, i);
      if (owner === undefined || rdata === undefined) {
        return lexer.refuse('a ${offset,width,base} is not valid; base is one of d o x X n N', 'generate_format');
      }
      const made = attempt(lexer, `at number ${i}: `, () => {
        const line = new Lexer(Buffer.from(rdata, 'latin1'), lexer.origin);
        line.readEntry();
        return { owner: parseName(owner, lexer.origin), type, rdata: parseRdata(type, line) };
      });
      this.#add(generated, made.owner, ttl, type, made.rdata);
      records.push(made);
    }
    return { ttl, isWritten: written !== undefined, typeAt };
  }

  #include(source: Source): void {
    const { lexer } = source;
    const word = lexer.next('a file name');
    const path = lexer.bytes.toString('utf8', lexer.startOf(word), lexer.endOf(word));
    const origin = lexer.more() ? this.#readName(lexer, 'an origin') : lexer.origin;
    const folder = this.#options.include;
    if (folder === undefined) {
      return lexer.refuse('$INCLUDE is not allowed here: put the records into this text', 'include');
    }
    if (source.depth >= MAX_INCLUDE_DEPTH || ++this.#included > MAX_INCLUDES) {
      return lexer.refuse('too many files are included, or they include each other', 'include');
    }
    const text = readIncluded(folder, path);
    this.#rrsets.endRun();
    this.#readFile({ lexer: new Lexer(text, origin), owner: source.owner, depth: source.depth + 1, file: path });
    this.#rrsets.endRun();
  }

  #fault(source: Source, error: unknown): void {
    const { offset, code, message } = faultOf(source.lexer, error);
    this.#errors.push(this.#issue('error', source, offset, code, message));
  }

  #issue(severity: 'error' | 'warning', source: Source, offset: number, code: string, message: string): ZoneIssue {
    const place = source.lexer.placeOf(offset);
    const where = source.file === undefined ? message : `in the included file "${source.file}": ${message}`;
    return { severity, code, zone: this.#zone, ...place, message: where };
  }
}
