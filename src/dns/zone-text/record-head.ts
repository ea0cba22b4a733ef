import type { Lexer } from './lexer.js';
import { MAX_TTL, readTtl } from '../ttl.js';
import { isMetaType, typeCode } from '../types.js';

/** What stands between a record's name and its rdata. */
export interface RecordHead {
  /** Absent where none is written. */
  ttl: number | undefined;
  type: number;
}

/** Reads `[class] [ttl] [class] type`, as BIND takes them; the class can only be IN. Refuses the word at fault. */
export function readHead(lexer: Lexer): RecordHead {
  let word = lexer.nextPlain('a record type');
  const hasClass = isClass(lexer, word);
  if (hasClass) word = lexer.nextPlain('a record type');
  const ttl = readTtl(lexer.bytes, lexer.startOf(word), lexer.endOf(word));
  if (ttl !== undefined) {
    // BIND serves such a record with TTL 0 and only warns (RFC 2181 §8); nobody means that, so it is refused here.
    if (ttl > MAX_TTL) lexer.refuse(`a TTL is at most ${MAX_TTL} seconds`, 'ttl_out_of_range');
    word = lexer.nextPlain('a record type');
  }
  if (!hasClass && isClass(lexer, word)) word = lexer.nextPlain('a record type');
  const text = lexer.textOf(word);
  const type = typeCode(text);
  if (type === undefined) return lexer.refuse(`"${text.slice(0, 40)}" is not a record type`, 'unknown_type');
  if (isMetaType(type)) lexer.refuse(`${text} is for questions only; no zone holds such a record`, 'meta_type');
  return { ttl, type };
}

function isClass(lexer: Lexer, word: number): boolean {
  const { bytes } = lexer;
  const start = lexer.startOf(word);
  const length = lexer.endOf(word) - start;
  const first = (bytes[start] ?? 0) | 32; // lower case
  if (length === 2 && first === 105 && ((bytes[start + 1] ?? 0) | 32) === 110) return true; // IN, nearly always
  if (first !== 99 && first !== 104 && first !== 97 && first !== 110) return false; // none of C, H, A, N
  const text = lexer.textOf(word).toUpperCase();
  if (text === 'CLASS1') return true;
  if (!/^(CH|CHAOS|HS|HESIOD|ANY|NONE|CLASS\d{1,5})$/.test(text)) return false;
  return lexer.refuse(`class ${text} cannot stand in a zone of class IN`, 'class_not_in');
}
