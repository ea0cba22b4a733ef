import { execFile } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ClusterError, ifMissing, sentenceOf } from '../../errors.js';
import type { Checker } from './configured-zone.js';
import { withServerPrograms } from '../controlled/private-process.js';

const LONGEST = 60_000;
const LARGEST = 256 * 1024 * 1024;

/**
 * What a server's own program says of a configuration. Rejects with nameserver_configuration_unreadable where the
 * program finds it wrong, with its words, or is not there.
 */
export function askProgram(file: string, { program, args, debianPackage }: Checker): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { env: withServerPrograms(), timeout: LONGEST, maxBuffer: LARGEST, encoding: 'latin1' as const };
    execFile(program, args, options, (error, out, err) => {
      if (error === null) {
        resolve(out);
        return;
      }
      const isMissing = error.code === 'ENOENT';
      const said = `${err}${out}`.trim().split('\n').slice(0, 3).join('; ') || sentenceOf(error);
      const why = isMissing ? `${program} is not installed (apt-get install ${debianPackage})` : `${program}: ${said}`;
      reject(new ClusterError('nameserver_configuration_unreadable', { file, why }, { cause: error }));
    });
  });
}

/**
 * A file of a configuration; `orMissing`: nothing where it is not there. Rejects with
 * nameserver_configuration_unreadable.
 */
export async function configurationText(file: string, { orMissing = false } = {}): Promise<string> {
  try {
    const text = readFile(file, 'latin1');
    return await (orMissing ? text.catch(ifMissing('')) : text);
  } catch (error) {
    throw new ClusterError('nameserver_configuration_unreadable', { file, why: sentenceOf(error) }, { cause: error });
  }
}

/** The files that an include names: a folder stands for its files, and the last part of a name may hold wildcards. */
export async function includedFiles(path: string): Promise<string[]> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  const folder = isFolder ? path : dirname(path);
  const pattern = isFolder ? '*' : basename(path);
  if (!/[*?]/.test(pattern)) return [path];
  const expression = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  const entries = await readdir(folder).catch(() => []);
  const matching = entries.filter((entry) => new RegExp(`^${expression}$`).test(entry));
  return matching.sort().map((entry) => join(folder, entry));
}
