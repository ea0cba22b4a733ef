/** Pieces of a manual page in the macros of man(7), each whole lines. What could be a macro in a text is escaped. */

/** Text that is printed as it is. */
export function words(text: string): string {
  return `${escaped(text)}\n`;
}

/** A command in bold, and what stands behind it. */
export function synopsis(command: string, rest: string): string {
  return rest === '' ? `${bold(command)}\n` : `${bold(command)} ${words(rest)}`;
}

/** In bold, within a line: no newline behind it. */
export function bold(text: string): string {
  return `\\fB${escaped(text)}\\fR`;
}

export function heading(text: string): string {
  return `.SH ${text}\n`;
}

export function subheading(text: string): string {
  return `.SS ${escaped(text)}\n`;
}

/** Not the first one behind a heading, which needs nothing. */
export function paragraph(text: string): string {
  return `.PP\n${words(text)}`;
}

/** A term, which is roff already, and what it means. */
export function tagged(term: string, text: string): string {
  return `.TP\n${term}\n${words(text)}`;
}

/** A line that is not filled. */
export function preformatted(text: string): string {
  return `.PP\n.EX\n${words(text)}.EE\n`;
}

/** What belongs to the line before. */
export function indented(text: string): string {
  return `.RS\n${words(text)}.RE\n`;
}

/** Escapes backslashes, starts of macros, signs that would become typographic ones, and what is not ASCII. */
function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('~', '\\(ti')
    .replaceAll('^', '\\(ha')
    .replaceAll('`', '\\(ga')
    .replace(/^\./, '\\&.')
    .replaceAll(
      /\P{ASCII}/gu,
      (sign) => `\\[u${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`,
    );
}
