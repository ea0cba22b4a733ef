import { Lexer } from './zone-text/lexer.js';
import { parseName, type Name } from './name.js';
import { readHead } from './zone-text/record-head.js';
import { TYPE } from './types.js';

/**
 * The owner name of the first SOA record in a master file whose zone is not known; `assumed` is the origin for relative
 * names. Undefined where there is none, or where the text breaks before it: `parseZone` then says what is wrong.
 */
export function apexOf(text: Buffer, assumed: Name): Name | undefined {
  const lexer = new Lexer(text, assumed);
  let owner: Name | undefined;
  try {
    while (lexer.readEntry()) {
      if (!lexer.indented) {
        const word = lexer.textOf(lexer.next('a name'));
        if (word.startsWith('$')) {
          if (word.toUpperCase() === '$ORIGIN') lexer.origin = parseName(lexer.word('the origin'), lexer.origin);
          continue;
        }
        owner = parseName(word, lexer.origin);
      }
      if (readHead(lexer).type === TYPE.SOA) return owner;
    }
  } catch {
    // Broken text has no apex to speak of.
  }
  return undefined;
}
