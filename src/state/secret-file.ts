import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dropTemporaries, replaceFile } from './durable-file.js';

const OCTETS = 32;

/** The random key in `file`, made at the first call and kept over restarts. Readable by this user only. */
export async function secretFile(file: string): Promise<Buffer> {
  await dropTemporaries(file);
  const kept = await readFile(file).catch(() => undefined);
  if (kept?.length === OCTETS) return kept;
  const secret = randomBytes(OCTETS);
  await replaceFile(file, secret, 0o600);
  return secret;
}
