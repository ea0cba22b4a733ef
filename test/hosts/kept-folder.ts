import { mkdir, readdir, rm, stat, utimes } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

/** Of each kind; what was not used for longest is deleted first. */
const MOST = 6;

/** A folder for what is costly to make and the same each time. It is kept over runs, and can be deleted at any time. */
export async function keptFolder(): Promise<string> {
  const folder = join(tmpdir(), `dns-cluster-tests-${userInfo().uid}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return folder;
}

/** Notes that something kept was used, and deletes what was not for long, of all whose name begins with `kind`. */
export async function used(path: string, kind: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now);
  const folder = await keptFolder();
  const names = (await readdir(folder)).filter((name) => name.startsWith(kind));
  const dated = await Promise.all(names.map(async (name) => ({ name, at: (await stat(join(folder, name))).mtimeMs })));
  dated.sort((a, b) => b.at - a.at);
  for (const { name } of dated.slice(MOST)) await rm(join(folder, name), { recursive: true, force: true });
}
