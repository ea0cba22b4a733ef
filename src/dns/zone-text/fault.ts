import { IncludeError } from './include.js';
import { TextError, type Lexer } from './lexer.js';
import { NameError } from '../name.js';
import { RdataError } from '../octets.js';

/** What is wrong with a text, and at which octet. */
interface Fault {
  offset: number;
  code: string;
  message: string;
}

/**
 * The fault behind an error; what has no place of its own is at the word read last. Throws errors that are not the
 * text's.
 */
export function faultOf(lexer: Lexer, error: unknown): Fault {
  if (error instanceof TextError) return { offset: error.offset, code: error.code, message: error.message };
  const code =
    error instanceof NameError
      ? 'name_invalid'
      : error instanceof RdataError
        ? 'rdata_invalid'
        : error instanceof IncludeError
          ? 'include'
          : undefined;
  if (code === undefined) throw error;
  return { offset: lexer.lastStart(), code, message: (error as Error).message };
}

/** Does a step on text that was made from other text: its faults are placed where that other text stands. */
export function attempt<T>(lexer: Lexer, where: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    const { code, message } = faultOf(lexer, error);
    return lexer.refuse(where + message, code);
  }
}
