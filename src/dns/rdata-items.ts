import { faultOf } from './zone-text/fault.js';
import { quote, unescapeWord } from './fields/strings.js';
import { Lexer } from './zone-text/lexer.js';
import { ROOT, type Name } from './name.js';
import { OctetWriter, RdataError } from './octets.js';
import { formatRdata, parseRdata, textAt } from './rdata.js';

const LONGEST_STRING = 255; // RFC 1035 §3.3
/** A word that stays one word, and is no comment: what ends words stands in quotes or behind a backslash. */
const WORD = /^(?:[^\\\n\r;()"\0]|\\[^\n\r]|"(?:[^"\\\n]|\\[^\n])*")*$/;

/**
 * Rdata as a list: its words in presentation form, names absolute, and text as the octets that it means, without quotes
 * and escapes. All are octet strings.
 */
export function itemsOf(type: number, rdata: string): string[] {
  const line = new Lexer(Buffer.from(formatRdata(type, rdata), 'latin1'), ROOT);
  const items: string[] = [];
  if (!line.readEntry()) return items;
  const out = new OctetWriter();
  for (let end = -1; line.more();) {
    const word = line.next('a word');
    const [from, to] = line.isQuoted(word)
      ? [line.startOf(word) - 1, line.endOf(word) + 1]
      : [line.startOf(word), line.endOf(word)];
    // A parameter's value in quotes, as in alpn="h2", is part of the word before it.
    if (from === end) items.push((items.pop() ?? '') + line.bytes.toString('latin1', from, to));
    else if (!line.isQuoted(word)) items.push(line.textOf(word));
    else {
      out.length = 0;
      unescapeWord(line, word, out);
      items.push(out.toString());
    }
    end = to;
  }
  return items;
}

/**
 * Rdata of such a list; names without a final dot are relative to `origin`, and a text of TXT that is too long for one
 * string becomes several. Throws RdataError with what is wrong.
 */
export function rdataOf(type: number, items: readonly string[], origin: Name): string {
  const words = items.map((item, index) => {
    const text = textAt(type, index);
    if (text === 'rest') return strings(item);
    if (text === 'one') return quote(item);
    if (!WORD.test(item)) throw new RdataError(`"${item.slice(0, 60)}" is not a word of a record`);
    return item;
  });
  return rdataFrom(type, words.join(' '), origin);
}

/** Rdata in presentation form, as a master file has it, on one line. Throws RdataError with what is wrong. */
export function rdataFrom(type: number, text: string, origin: Name): string {
  const line = new Lexer(Buffer.from(text, 'latin1'), origin);
  try {
    line.readEntry();
    const rdata = parseRdata(type, line);
    if (line.readEntry()) throw new RdataError('the record should end before the next line');
    return rdata;
  } catch (error) {
    throw new RdataError(faultOf(line, error).message);
  }
}

function strings(text: string): string {
  const cut: string[] = [];
  for (let at = 0; at < text.length || at === 0; at += LONGEST_STRING) {
    cut.push(quote(text.slice(at, at + LONGEST_STRING)));
  }
  return cut.join(' ');
}
