import { readFile } from 'node:fs/promises';
import { z } from 'zod';

const manifest = z.object({ version: z.string() });

/** The root folder of this package: views, templates and public lie beside src and dist. */
export const PACKAGE_ROOT = new URL('../../', import.meta.url);

/** The version of this package, from its package.json. */
export async function packageVersion(): Promise<string> {
  const text = await readFile(new URL('package.json', PACKAGE_ROOT), 'utf8');
  return manifest.parse(JSON.parse(text)).version;
}
