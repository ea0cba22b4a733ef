import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { keptFolder, used } from '../hosts/kept-folder.js';
import { packedPackage } from '../hosts/packed.js';
import { runToEnd } from '../hosts/run-to-end.js';

/**
 * The package as `npm pack` makes it, unpacked, with its dependencies beside it: as it is brought to a server that
 * reaches no registry. The folder is kept, and is not to be changed.
 */
export async function unpackedPackage(): Promise<string> {
  const tarball = await packedPackage();
  const kept = join(await keptFolder(), `unpacked-${basename(tarball, '.tgz')}`);
  if (!existsSync(kept)) {
    const place = await mkdtemp(`${kept}-`);
    await runToEnd('tar', ['-xzf', tarball, '--strip-components=1', '-C', place]);
    // Second names for the same files.
    await runToEnd('cp', ['-al', join(await dependencies(place), 'node_modules'), place]);
    await rename(place, kept);
  }
  await used(kept, 'unpacked-');
  return kept;
}

/** A folder with the dependencies of a package: fetched anew only where they are others. */
async function dependencies(unpacked: string): Promise<string> {
  const lock = await readFile(join(unpacked, 'dependencies-lock.json'));
  const kept = join(await keptFolder(), `modules-${createHash('sha256').update(lock).digest('hex').slice(0, 16)}`);
  if (!existsSync(kept)) {
    const place = await mkdtemp(`${kept}-`);
    await cp(join(unpacked, 'package.json'), join(place, 'package.json'));
    await writeFile(join(place, 'package-lock.json'), lock);
    const only = ['--omit=dev', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'];
    await runToEnd('npm', ['ci', ...only], { cwd: place });
    await rename(place, kept);
  }
  await used(kept, 'modules-');
  return kept;
}

/** A registry in a folder, with the Node.js that install.sh fetches, and where its file is in there. */
export async function nodeRegistry(): Promise<{ folder: string; file: string }> {
  const script = await readFile('installer/node.sh', 'utf8');
  const version = /^NODE_VERSION=(\S+)$/m.exec(script)?.[1] ?? '';
  const name = `node-linux-${process.arch}`;
  const file = join(name, '-', `${name}-${version}.tgz`);
  const kept = join(await keptFolder(), `registry-${version}`);
  if (!existsSync(kept)) {
    const place = await mkdtemp(`${kept}-`);
    const folder = join(place, name, '-');
    await mkdir(folder, { recursive: true });
    await runToEnd('npm', ['pack', '--silent', '--prefer-offline', `${name}@${version}`], { cwd: folder });
    await rename(place, kept);
  }
  await used(kept, 'registry-');
  return { folder: kept, file };
}

/**
 * Another version of a package, in a folder to be deleted: the same files, but for those that are given, by their
 * paths.
 */
export async function otherVersion(
  folder: string,
  version: string,
  files: Readonly<Record<string, string>> = {},
): Promise<string> {
  const other = await mkdtemp(`${folder}-${version}-`);
  // Second names for the same files; those that differ are made anew.
  await runToEnd('cp', ['-al', `${folder}/.`, other]);
  const manifest = await readFile(join(folder, 'package.json'), 'utf8');
  const changed = { ...files, 'package.json': manifest.replace(/"version": "[^"]*"/, `"version": "${version}"`) };
  for (const [path, text] of Object.entries(changed)) {
    await rm(join(other, path));
    await writeFile(join(other, path), text);
  }
  return other;
}
