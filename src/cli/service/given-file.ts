import { readFileSync } from 'node:fs';
import { sentenceOf } from '../../errors.js';
import { WrongUse } from '../terminal/failure.js';

/** A file that was named, octet for octet. Throws WrongUse where it can't be read. */
export function readFile(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new WrongUse(`${file} cannot be read: ${sentenceOf(error)}`, error);
  }
}

/** The same, where `-` is standard input. */
export async function readGiven(file: string): Promise<Buffer> {
  if (file !== '-') return readFile(file);
  if (process.stdin.isTTY) {
    throw new WrongUse('Standard input is a terminal. Name a file, or redirect one with "< FILE".');
  }
  const parts: Buffer[] = [];
  for await (const part of process.stdin) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/** The secret in the first line of what was read. Throws WrongUse if it is empty; `where` is for the sentence. */
export function secretIn(octets: Buffer, where: string): string {
  const [line = ''] = octets.toString('utf8').split(/\r?\n/);
  if (line.trim() === '') throw new WrongUse(`${where}: the first line is empty.`);
  return line;
}
