import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';

const OCTETS = 32;

/** The random key in `file`, made at the first call and kept over restarts. Readable by this user only. */
export async function secretFile(file: string): Promise<Buffer> {
  const kept = await readFile(file).catch(() => undefined);
  if (kept?.length === OCTETS) return kept;
  const secret = randomBytes(OCTETS);
  await writeFile(file, secret, { mode: 0o600 });
  return secret;
}
