import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { runToEnd } from './run-to-end.js';
import { keptFolder, used } from './kept-folder.js';

const NO_SOURCE = /^(test|bench|\.ci)\//;

/**
 * The package file that `npm pack` makes of a clean copy of the sources, as they are now in the work tree: nothing that
 * an earlier build left behind can be in it. The same sources are packed once.
 */
export async function packedPackage(): Promise<string> {
  const list = await runToEnd('git', ['ls-files', '-co', '--exclude-standard', '-z']);
  const sources = list.split('\0').filter((file) => file !== '' && !NO_SOURCE.test(file) && existsSync(file));
  const hash = createHash('sha256');
  for (const file of sources) hash.update(`${file}\0`).update(await readFile(file));
  const folder = await keptFolder();
  const packed = join(folder, `package-${hash.digest('hex').slice(0, 16)}.tgz`);
  if (existsSync(packed)) return packed;
  // Below the work tree, whose node_modules the build finds.
  await mkdir('build', { recursive: true });
  const copy = resolve(await mkdtemp('build/sources-'));
  try {
    // One by one: a tree is copied with what is ignored in it.
    for (const file of sources) await cp(file, join(copy, file));
    const output = await runToEnd('npm', ['pack', '--silent', '--pack-destination', copy], { cwd: copy });
    const made = `${packed}.${process.pid}`;
    await cp(join(copy, output.trim().split('\n').at(-1) ?? ''), made);
    await rename(made, packed);
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
  await used(packed, 'package-');
  return packed;
}
