import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Debian puts servers into /usr/sbin, which an ordinary user's PATH may lack. */
const FOLDERS = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/usr/local/sbin'];

/**
 * Are these programs installed? For `describe.skipIf(!needs('named', 'dig'))`: locally the tests are skipped and the
 * missing program is named; in CI (CI=true) a missing program is a failure.
 */
export function needs(...programs: string[]): boolean {
  const missing = programs.filter((program) => !FOLDERS.some((folder) => existsSync(`${folder}/${program}`)));
  if (missing.length === 0) return true;
  const message = `not installed: ${missing.join(', ')}; run test/debian-packages as root`;
  if (process.env['CI'] === 'true') throw new Error(message);
  process.stderr.write(`SKIPPED: ${message}\n`);
  return false;
}

/** Runs an installed program to its end and returns its standard output. */
export function run(program: string, ...args: string[]): string {
  const env = { ...process.env, PATH: FOLDERS.join(':') };
  return execFileSync(program, args, { encoding: 'latin1', env, timeout: 30_000, maxBuffer: 256 * 1024 * 1024 });
}
