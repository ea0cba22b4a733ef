import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keptFolder, used } from './kept-folder.js';
import { packedPackage } from './packed.js';
import { runToEnd } from './run-to-end.js';

/** What a host asks npm for, as in a package.json. */
export interface Wanted {
  dependencies?: Readonly<Record<string, string>>;
  overrides?: Readonly<Record<string, string>>;
}

/** What an example asks for, but for this package. */
export function wantedBy(example: string): Wanted {
  const { dependencies } = JSON.parse(readFileSync(join(example, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  return { dependencies: Object.fromEntries(Object.entries(dependencies).filter(([name]) => name !== 'dns-cluster')) };
}

const INSTALL = ['install', '--omit=dev', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'];

/**
 * A new folder in which npm installed what is `wanted` and this package, as `npm pack` makes it. What comes from the
 * registry is installed once and kept; of each further folder only this package is unpacked anew.
 */
export async function installedPackage(wanted: Wanted): Promise<string> {
  const tarball = await packedPackage();
  const ours = JSON.parse(await readFile('package.json', 'utf8')) as { dependencies: object };
  const asked = JSON.stringify([process.version, wanted, ours.dependencies]);
  const kept = join(await keptFolder(), `installed-${createHash('sha256').update(asked).digest('hex').slice(0, 16)}`);
  if (!existsSync(kept)) await install(wanted, tarball, kept);
  await used(kept, 'installed-');
  const folder = await mkdtemp(join(tmpdir(), 'dns-cluster-host-'));
  // Hard links: the same files, at no cost.
  await runToEnd('cp', ['-al', join(kept, 'node_modules'), join(kept, 'package.json'), folder]);
  await unpackAnew(tarball, join(folder, 'node_modules/dns-cluster'));
  return folder;
}

async function install(wanted: Wanted, tarball: string, kept: string): Promise<void> {
  const place = await mkdtemp(`${kept}-`);
  try {
    await writeFile(join(place, 'package.json'), JSON.stringify({ private: true, ...wanted }));
    await runToEnd('npm', [...INSTALL, tarball], { cwd: place });
    // Where another run was faster, its folder is as good.
    await rename(place, kept).catch((error: unknown) => {
      if (!existsSync(kept)) throw error;
    });
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

/** As npm does it; the packages that npm put below it stay. */
async function unpackAnew(tarball: string, folder: string): Promise<void> {
  const old = (await readdir(folder)).filter((name) => name !== 'node_modules');
  await Promise.all(old.map((name) => rm(join(folder, name), { recursive: true })));
  await runToEnd('tar', ['-xzf', tarball, '--strip-components=1', '-C', folder]);
  const { bin } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { bin: Record<string, string> };
  for (const program of Object.values(bin)) await chmod(join(folder, program), 0o755);
}
