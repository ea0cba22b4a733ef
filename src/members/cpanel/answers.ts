import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

/** Of an answer, when it is unpacked: 512 large zones fit. */
export const LARGEST_BUNDLE = 128 * 1024 * 1024;

/** A body as it was before it was packed, if it was. */
export async function unpacked(body: Buffer): Promise<Buffer> {
  const packed = body[0] === 0x1f && body[1] === 0x8b;
  return packed ? promisify(gunzip)(body, { maxOutputLength: LARGEST_BUNDLE }) : body;
}

/** Undefined where it is none. */
export function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Is a version, as `11.82.0.1`, this one or a later one? */
export function isAtLeast(version: string, least: readonly number[]): boolean {
  const parts = version.split('.').map(Number);
  const differing = least.findIndex((part, i) => (parts[i] ?? 0) !== part);
  return differing < 0 || (parts[differing] ?? 0) > (least[differing] ?? 0);
}
