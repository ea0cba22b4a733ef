import { readFileSync, realpathSync, statSync } from 'node:fs';
import { isAbsolute, join, relative, sep } from 'node:path';

export const MAX_INCLUDE_DEPTH = 10;
const MAX_INCLUDED = 1024 * 1024;

/** Why a file may not be included. */
export class IncludeError extends Error {}

/**
 * Reads a file that `$INCLUDE` names, from inside `folder` only: a zone file that came from elsewhere must not be able
 * to read this server's files, so no absolute path but one that begins with the folder, no `..`, and no link that leads
 * out.
 */
export function readIncluded(folder: string, named: string): Buffer {
  const path = named.startsWith(folder + sep) ? relative(folder, named) : named;
  if (isAbsolute(path) || path.split(/[/\\]/).includes('..') || path.includes('\0')) {
    throw new IncludeError(`"${path}" is outside the folder that may be included from`);
  }
  try {
    const file = realpathSync(join(folder, path));
    if (!file.startsWith(realpathSync(folder) + sep)) {
      throw new IncludeError(`"${path}" leads outside the folder that may be included from`);
    }
    const stat = statSync(file);
    if (!stat.isFile()) throw new IncludeError(`"${path}" is not a file`);
    if (stat.size > MAX_INCLUDED) throw new IncludeError(`"${path}" is larger than ${MAX_INCLUDED} bytes`);
    return readFileSync(file);
  } catch (error) {
    if (error instanceof IncludeError) throw error;
    throw new IncludeError(`"${path}" cannot be read`);
  }
}
