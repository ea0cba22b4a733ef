import { crc32 } from 'node:zlib';

const DIGITS = 8;

/** A line of a file to which lines are appended: `checksum TEXT`. */
export function checksummedLine(text: string): string {
  return `${sumOf(text)} ${text}\n`;
}

/** The text of such a line, given without its end; undefined where it is damaged. */
export function textOfLine(line: string): string | undefined {
  const text = line.slice(DIGITS + 1);
  return line.slice(0, DIGITS) === sumOf(text) ? text : undefined;
}

function sumOf(text: string): string {
  return crc32(text).toString(16).padStart(DIGITS, '0');
}
