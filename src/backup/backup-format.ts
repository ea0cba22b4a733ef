import { z } from 'zod';

/** The last entry of an archive: what is in it. */
export const MANIFEST = 'manifest.json';
export const FORMAT = 1;

/** Nothing of an archive is unbounded: a zone has at most 4 MiB of history, and 100,000 zones are three files each. */
export const MOST_FILES = 2_000_000;
export const LARGEST_FILE = 4 * 1024 ** 3;
export const MOST_OCTETS = 512 * 1024 ** 3;
export const LARGEST_MANIFEST = 512 * 1024 ** 2;
const LONGEST_PATH = 600;
const DEEPEST = 8;

const path = z.string().refine(isPath, 'is no path inside the folder');

export const manifestSchema = z.object({
  format: z.literal(FORMAT),
  /** Version of this software that made it. */
  version: z.string(),
  /** ISO time. */
  made: z.string(),
  /** Of a node, with panel, users and certificate; or of the plugin in another panel. */
  layout: z.enum(['node', 'plugin']),
  files: z.array(
    z.object({
      path,
      size: z.number().int().min(0).max(LARGEST_FILE),
      mode: z.number().int().min(0).max(0o777),
      /** Lower-case hex. */
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
    }),
  ),
});
export type Manifest = z.infer<typeof manifestSchema>;
export type BackedUp = Manifest['files'][number];

/** Can this stand for a file inside a folder, and never for one outside of it? */
export function isPath(given: string): boolean {
  const parts = given.split('/');
  if (given.length > LONGEST_PATH || parts.length > DEEPEST || /\p{Cc}|\\/u.test(given)) return false;
  return parts.every((part) => part !== '' && part !== '.' && part !== '..');
}
