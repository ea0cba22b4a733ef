import { createHash } from 'node:crypto';
import { lstat, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What fits into sun_path with its final zero octet (unix(7)). */
const LONGEST = 107;

/**
 * Where to make a unix socket of this folder: inside it, or, where its path is too long for that, in a folder of ours
 * below the system's temporary one.
 */
export async function socketPath(folder: string, name: string): Promise<string> {
  const path = join(folder, name);
  if (Buffer.byteLength(path) <= LONGEST) return path;
  const short = join(tmpdir(), `dns-cluster-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}`);
  await mkdir(short, { recursive: true, mode: 0o700 });
  // Somebody else may have made it first, to have us talk to them.
  const { uid, mode } = await lstat(short);
  if (uid !== process.getuid?.() || (mode & 0o077) !== 0) throw new Error(`${short} is not ours alone; remove it`);
  return join(short, name);
}
