import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { ifMissing } from '../errors.js';

const NEWLINE = 10;
const CHUNK = 64 * 1024;

/**
 * Appends text, which ends with a newline, to a file that is made where it is missing. Where the disk takes only a part
 * of it, the file is as before, and this throws. What a crash left of a line stays a line of its own. Returns the
 * octets that the file has now. Synchronous: some 0.05 ms, against 0.7 by way of Node's thread pool.
 */
export function appendLines(file: string, text: string, mode: number): number {
  const fd = openSync(file, 'a+', mode);
  try {
    const { size } = fstatSync(fd);
    const octets = Buffer.from(size > 0 && octetAt(fd, size - 1) !== NEWLINE ? `\n${text}` : text);
    try {
      // May write less than all where the disk is full, and then fails at the rest.
      for (let at = 0; at < octets.length;) at += writeSync(fd, octets, at);
    } catch (error) {
      ftruncateSync(fd, size);
      throw error;
    }
    return size + octets.length;
  } finally {
    closeSync(fd);
  }
}

/** Cuts off what a crash left of a last line. Returns the octets that remain; 0 where there is no such file. */
export function dropTornLine(file: string): number {
  let fd: number;
  try {
    fd = openSync(file, 'r+');
  } catch (error) {
    return ifMissing(0)(error);
  }
  try {
    const { size } = fstatSync(fd);
    const whole = endOfLastLine(fd, size);
    if (whole < size) ftruncateSync(fd, whole);
    return whole;
  } finally {
    closeSync(fd);
  }
}

function endOfLastLine(fd: number, size: number): number {
  const chunk = Buffer.alloc(CHUNK);
  for (let to = size; to > 0;) {
    const from = Math.max(0, to - CHUNK);
    const read = readSync(fd, chunk, 0, to - from, from);
    const at = chunk.subarray(0, read).lastIndexOf(NEWLINE);
    if (at >= 0) return from + at + 1;
    to = from;
  }
  return 0;
}

function octetAt(fd: number, at: number): number | undefined {
  const octet = Buffer.alloc(1);
  readSync(fd, octet, 0, 1, at);
  return octet[0];
}
