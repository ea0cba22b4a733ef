/** Where an octet of a text is, for people: line and column count from 1, columns count characters (UTF-8), not octets. */
export function placeOf(text: Buffer, offset: number): { line: number; column: number } {
  const lineStart = offset === 0 ? 0 : text.lastIndexOf(10, offset - 1) + 1;
  let line = 1;
  for (let at = text.indexOf(10); at >= 0 && at < lineStart; at = text.indexOf(10, at + 1)) line++;
  const before = text.toString('utf8', lineStart, offset);
  return { line, column: Array.from(before).length + 1 };
}
