import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';

const manifest = z.object({ version: z.string() });

/**
 * The root folder of this package, where views, templates and public lie, from wherever the compiled code stands in it.
 */
export const PACKAGE_ROOT = packageRoot(new URL('.', import.meta.url));

function packageRoot(folder: URL): URL {
  if (existsSync(new URL('plugin.json', folder))) return folder;
  const above = new URL('..', folder);
  if (above.href === folder.href) throw new Error('plugin.json of this package was not found');
  return packageRoot(above);
}

/** The version of this package, from its package.json. */
export async function packageVersion(): Promise<string> {
  const text = await readFile(new URL('package.json', PACKAGE_ROOT), 'utf8');
  return manifest.parse(JSON.parse(text)).version;
}
