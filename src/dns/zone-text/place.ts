const LF = 10;

/** Where an octet of a text is, for people: both count from 1. */
export interface Place {
  line: number;
  column: number;
}

/**
 * The place of an octet. `known` is the line of some earlier octet, from where lines are counted, so that the end of a
 * large text costs no more than its beginning. Columns count characters of UTF-8, not octets.
 */
export function placeOf(text: Buffer, offset: number, known: { offset: number; line: number }): Place {
  const lineStart = offset === 0 ? 0 : text.lastIndexOf(LF, offset - 1) + 1;
  let column = 1;
  // A continuation octet of UTF-8 begins no character.
  for (let i = lineStart; i < offset; i++) if (((text[i] ?? 0) & 0xc0) !== 0x80) column++;
  return { line: known.line + countLines(text, known.offset, offset), column };
}

/** How many lines end from octet `start` to before octet `end`. */
export function countLines(text: Buffer, start: number, end: number): number {
  let lines = 0;
  for (let i = start; i < end; i++) if (text[i] === LF) lines++;
  return lines;
}
