/**
 * A statement of named.conf: its words, and what stands in its braces. Positions are octets of the text, the end is
 * behind the `;`.
 */
export interface Statement {
  words: readonly string[];
  body?: readonly Statement[];
  start: number;
  end: number;
}

const TOKEN = /\s+|\/\/.*|#.*|\/\*[^]*?\*\/|"((?:[^"\\]|\\.)*)"|([{};])|[^\s{};"]+/gy;
const DEEPEST = 20;

/**
 * The statements of a text in named.conf's syntax, comments left out. Throws an Error where a brace or a semicolon is
 * missing.
 */
export function statementsOf(text: string): Statement[] {
  const open: { statements: Statement[]; words: string[]; start: number }[] = [];
  let statements: Statement[] = [];
  let words: string[] = [];
  let start = 0;
  let body: readonly Statement[] | undefined;
  TOKEN.lastIndex = 0;
  for (let token = TOKEN.exec(text); token !== null; token = TOKEN.exec(text)) {
    const [whole, quoted, mark] = token;
    if (mark === '{') {
      if (open.push({ statements, words, start }) > DEEPEST) throw new Error('its braces are nested too deep');
      [statements, words] = [[], []];
    } else if (mark === '}') {
      const outer = open.pop();
      if (outer === undefined || words.length > 0) throw new Error(`line ${lineAt(text, token.index)}: unexpected }`);
      body = statements;
      ({ statements, words, start } = outer);
    } else if (mark === ';') {
      const statement = { words, start, end: TOKEN.lastIndex };
      if (words.length > 0) statements.push(body === undefined ? statement : { ...statement, body });
      [words, body] = [[], undefined];
    } else if (quoted !== undefined || !/^(\s|\/\/|#|\/\*)/.test(whole)) {
      if (words.length === 0) start = token.index;
      words.push(quoted === undefined ? whole : quoted.replace(/\\(.)/g, '$1'));
    }
  }
  if (open.length > 0 || words.length > 0) throw new Error('it ends within a statement');
  return statements;
}

/** The statements in the braces of a statement with this first word: the last one counts, as for named. */
export function valueOf(body: readonly Statement[], word: string): Statement | undefined {
  return body.findLast(({ words }) => words[0] === word);
}

/** Lines count from 1. */
export function lineAt(text: string, index: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < index; at = text.indexOf('\n', at + 1)) line++;
  return line;
}
