import { zoneInvalid, type ZoneIssue } from '../errors.js';
import { expand, MAX_GENERATED, parseRange } from './generate.js';
import { IncludeError, MAX_INCLUDE_DEPTH, readIncluded } from './include.js';
import { Lexer, TextError } from './lexer.js';
import { encodeName, lowerName, NameError, parseName, type Name } from './name.js';
import { RdataError } from './octets.js';
import { placeOf } from './place.js';
import { parseRdata } from './rdata.js';
import { RRsets } from './rrsets.js';
import { MAX_TTL, readTtl } from './ttl.js';
import { isMetaType, TYPE, typeCode } from './types.js';
import type { Zone } from './zone.js';

const MAX_ISSUES = 100;
const MAX_RECORDS = 1_000_000;
const DOLLAR = 36;
const ownerOctets = Buffer.alloc(600);

export interface ParseOptions {
  /** Folder from which `$INCLUDE` may read; without it `$INCLUDE` is refused. */
  include?: string;
}

/**
 * Reads a zone's master file text (RFC 1035 §5) as BIND 9.18 reads it. `zone` is its name, as "example.org". A string is
 * taken as UTF-8. Throws zone_invalid with all issues found, at most 100. Whether the records make a zone that can be served
 * is for `checkZone` to say.
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
  /** Where the file is named in the zone's own text, for a file that was included. */
  file?: string;
}

class ZoneParser {
  private readonly origin: Name;
  private readonly rrsets = new RRsets();
  private readonly errors: ZoneIssue[] = [];
  private readonly warnings: ZoneIssue[] = [];
  private serialAt: { start: number; end: number } | undefined;
  /** `$TTL`, or the SOA's minimum where neither was given. */
  private defaultTtl: number | undefined;
  /** The last TTL that was written, which holds on where there is no default (RFC 1035 §5.1). */
  private lastTtl: number | undefined;

  constructor(
    private readonly zone: string,
    private readonly options: ParseOptions,
  ) {
    this.origin = lowerName(parseName(zone.endsWith('.') ? zone : zone + '.'));
  }

  parse(text: Buffer): Zone {
    this.readFile({ lexer: new Lexer(text, this.origin), owner: undefined, depth: 0 });
    if (this.errors.length > 0) throw zoneInvalid(this.zone, [...this.errors, ...this.warnings].slice(0, MAX_ISSUES));
    const zone: Zone = { origin: this.origin, records: this.rrsets.records, warnings: this.warnings };
    if (this.serialAt !== undefined) zone.serialAt = this.serialAt;
    return zone;
  }

  private readFile(source: Source): void {
    while (this.errors.length < MAX_ISSUES) {
      try {
        if (!source.lexer.readEntry()) return;
        this.readEntry(source);
      } catch (error) {
        this.fault(source, error);
      }
    }
  }

  private readEntry(source: Source): void {
    const { lexer } = source;
    if (!lexer.indented) {
      const word = lexer.next('a name');
      if (lexer.bytes[lexer.startOf(word)] === DOLLAR && !lexer.isQuoted(word)) return this.readDirective(source, word);
      source.owner = this.readOwner(lexer, word, source.owner);
    } else if (source.owner === undefined) {
      lexer.next('a record');
      return lexer.refuse('the line begins with white space, and there is no record before it whose name it could take');
    }
    this.readRecord(source, source.owner);
  }

  private readOwner(lexer: Lexer, word: number, previous: Name | undefined): Name {
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

  private readRecord(source: Source, owner: Name): void {
    const { lexer } = source;
    const { ttl, type } = this.readTtlAndType(lexer);
    const first = lexer.peek();
    const rdata = parseRdata(type, lexer);
    if (type === TYPE.SOA) {
      if (lowerName(owner) !== this.origin)
        lexer.refuse('the SOA must stand at the top of the zone', 'soa_not_at_apex');
      if (source.depth === 0 && first !== undefined && lexer.textOf(first) !== '\\#') {
        this.serialAt = { start: lexer.startOf(first + 2), end: lexer.endOf(first + 2) };
      }
    }
    this.add(source, owner, this.ttlFor(lexer, ttl, type, rdata), type, rdata);
  }

  /** `[class] [ttl] [class] type`, as BIND takes them. The TTL is undefined where none is written. */
  private readTtlAndType(lexer: Lexer): { ttl: number | undefined; type: number } {
    let word = lexer.nextPlain('a record type');
    let hasClass = this.isClass(lexer, word);
    if (hasClass) word = lexer.nextPlain('a record type');
    const ttl = readTtl(lexer.bytes, lexer.startOf(word), lexer.endOf(word));
    if (ttl !== undefined) {
      // BIND serves such a record with TTL 0 and only warns (RFC 2181 §8); nobody means that, so it is refused here.
      if (ttl > MAX_TTL) lexer.refuse(`a TTL is at most ${MAX_TTL} seconds`, 'ttl_out_of_range');
      this.lastTtl = ttl;
      word = lexer.nextPlain('a record type');
    }
    if (!hasClass) {
      hasClass = this.isClass(lexer, word);
      if (hasClass) word = lexer.nextPlain('a record type');
    }
    const type = typeCode(lexer.textOf(word));
    if (type === undefined)
      return lexer.refuse(`"${lexer.textOf(word).slice(0, 40)}" is not a record type`, 'unknown_type');
    if (isMetaType(type)) lexer.refuse(`${lexer.textOf(word)} is for questions only; no zone holds such a record`);
    return { ttl, type };
  }

  private isClass(lexer: Lexer, word: number): boolean {
    const { bytes } = lexer;
    const start = lexer.startOf(word);
    const length = lexer.endOf(word) - start;
    if (length === 2 && ((bytes[start] ?? 0) | 32) === 105 && ((bytes[start + 1] ?? 0) | 32) === 110) return true;
    const first = (bytes[start] ?? 0) | 32;
    if (first !== 99 && first !== 104 && first !== 97 && first !== 110) return false; // C, H, A, N
    const text = lexer.textOf(word).toUpperCase();
    if (text === 'CLASS1') return true;
    if (/^(CH|CHAOS|HS|HESIOD|ANY|NONE|CLASS\d{1,5})$/.test(text)) {
      return lexer.refuse(`class ${text} cannot stand in a zone of class IN`, 'class_not_in');
    }
    return false;
  }

  /** The TTL of a record for which `written` was written, if any. */
  private ttlFor(lexer: Lexer, written: number | undefined, type: number, rdata: string): number {
    const ttl = written ?? this.defaultTtl ?? this.lastTtl;
    if (ttl !== undefined) return ttl;
    if (type !== TYPE.SOA) return lexer.refuse('no TTL is given: write one, or $TTL at the top', 'no_ttl');
    const minimum = Buffer.from(rdata.slice(-4), 'latin1').readUInt32BE(0);
    if (minimum > MAX_TTL)
      lexer.refuse(`no TTL is given, and the SOA's minimum is above ${MAX_TTL}`, 'ttl_out_of_range');
    return (this.defaultTtl = minimum);
  }

  private add(source: Source, owner: Name, ttl: number, type: number, rdata: string): void {
    const { lexer } = source;
    if (this.rrsets.records.length >= MAX_RECORDS) {
      this.stop(source, 'too_many_records', `a zone has at most ${MAX_RECORDS} records`);
    } else if (!this.rrsets.add(owner, ttl, type, rdata, lexer.line)) {
      this.warn(
        source,
        lexer.startOf(0),
        'ttl_differs',
        'this TTL differs from the first of its RRset, which holds for all',
      );
    }
  }

  private readDirective(source: Source, word: number): void {
    const { lexer } = source;
    const directive = lexer.textOf(word).toUpperCase();
    switch (directive) {
      case '$ORIGIN':
        lexer.origin = this.readName(lexer, 'the origin');
        break;
      case '$TTL':
        this.defaultTtl = this.readDefaultTtl(lexer);
        break;
      case '$GENERATE':
        this.generate(source);
        break;
      case '$INCLUDE':
        this.include(source);
        break;
      default:
        lexer.refuse(`${directive.slice(0, 40)} is not a directive; known are $ORIGIN, $TTL, $GENERATE, $INCLUDE`);
    }
    if (lexer.more()) {
      lexer.next('');
      lexer.refuse('the line should end before this word; text with blanks in it needs quotes');
    }
  }

  private readName(lexer: Lexer, what: string): Name {
    return this.readOwner(lexer, lexer.nextPlain(what), undefined);
  }

  private readDefaultTtl(lexer: Lexer): number {
    const word = lexer.nextPlain('a TTL');
    const ttl = readTtl(lexer.bytes, lexer.startOf(word), lexer.endOf(word));
    if (ttl === undefined) return lexer.refuse('expected a TTL, seconds or a time such as 1h30m');
    return ttl > MAX_TTL ? lexer.refuse(`a TTL is at most ${MAX_TTL} seconds`, 'ttl_out_of_range') : ttl;
  }

  private generate(source: Source): void {
    const { lexer } = source;
    const range = parseRange(lexer.word('a range'));
    if (range === undefined) {
      return lexer.refuse(
        `expected a range such as 1-10 or 0-100/5 of at most ${MAX_GENERATED} records`,
        'generate_range',
      );
    }
    const left = lexer.word('a name with $');
    const { ttl: written, type } = this.readTtlAndType(lexer);
    const word = lexer.next('the rdata with $');
    const template = lexer.textOf(word);
    const right = lexer.isQuoted(word) ? template.replaceAll('\\"', '"') : template;
    const ttl = this.ttlFor(lexer, written, type, '');
    for (let i = range.start; i <= range.stop; i += range.step) {
      const owner = expand(left, i);
      const rdata = expand(right, i);
      if (owner === undefined || rdata === undefined) {
        return lexer.refuse('a ${offset,width,base} is not valid; base is one of d o x X n N', 'generate_format');
      }
      const line = new Lexer(Buffer.from(rdata, 'latin1'), lexer.origin);
      try {
        line.readEntry();
        this.add(source, parseName(owner, lexer.origin), ttl, type, parseRdata(type, line));
      } catch (error) {
        if (!isFault(error)) throw error;
        lexer.refuse(`at number ${i}: ${error.message}`);
      }
    }
  }

  private include(source: Source): void {
    const { lexer } = source;
    const path = lexer.bytes.toString('utf8', ...range(lexer, lexer.next('a file name')));
    const origin = lexer.more() ? this.readName(lexer, 'an origin') : lexer.origin;
    const folder = this.options.include;
    if (folder === undefined)
      return lexer.refuse('$INCLUDE is not allowed here: put the records into this text', 'include');
    if (source.depth >= MAX_INCLUDE_DEPTH)
      lexer.refuse(`files include each other more than ${MAX_INCLUDE_DEPTH} deep`, 'include');
    const text = readIncluded(folder, path);
    this.readFile({ lexer: new Lexer(text, origin), owner: source.owner, depth: source.depth + 1, file: path });
  }

  private fault(source: Source, error: unknown): void {
    if (!isFault(error)) throw error;
    const { lexer } = source;
    if (error instanceof TextError)
      this.errors.push(this.issue('error', source, error.offset, error.code, error.message));
    else {
      const code =
        error instanceof RdataError ? 'rdata_invalid' : error instanceof IncludeError ? 'include' : 'name_invalid';
      this.errors.push(this.issue('error', source, lexer.lastStart(), code, error.message));
    }
  }

  private stop(source: Source, code: string, message: string): void {
    while (this.errors.length < MAX_ISSUES - 1) this.errors.length = MAX_ISSUES - 1;
    this.errors.push(this.issue('error', source, source.lexer.startOf(0), code, message));
  }

  private warn(source: Source, offset: number, code: string, message: string): void {
    if (this.warnings.length < MAX_ISSUES) this.warnings.push(this.issue('warning', source, offset, code, message));
  }

  private issue(
    severity: 'error' | 'warning',
    source: Source,
    offset: number,
    code: string,
    message: string,
  ): ZoneIssue {
    const place = placeOf(source.lexer.bytes, offset);
    const where = source.file === undefined ? message : `in the included file "${source.file}": ${message}`;
    return { severity, code, zone: this.zone, ...place, message: where };
  }
}

function range(lexer: Lexer, word: number): [start: number, end: number] {
  return [lexer.startOf(word), lexer.endOf(word)];
}

/** Is it the text's fault, and not ours? */
function isFault(error: unknown): error is TextError | NameError | RdataError | IncludeError {
  return (
    error instanceof TextError ||
    error instanceof NameError ||
    error instanceof RdataError ||
    error instanceof IncludeError
  );
}
