import { execFile } from 'node:child_process';
import pLimit from 'p-limit';
import { withServerPrograms } from '../server-programs.js';
import type { ZoneFile } from '../zone-commands.js';

/** Two at a time, so that a large batch leaves the machine to Knot. */
const turn = pLimit(2);
const TIMEOUT = 30_000;
const LINES_TOLD = 3;

/** Why would Knot not serve this file? kzonecheck says it, by the same code. Answers nothing where it finds nothing wrong, or is not installed. */
export function faultOf({ name, file }: ZoneFile): Promise<string | undefined> {
  return turn(
    () =>
      new Promise((resolve) => {
        const args = ['-o', name, file];
        execFile('kzonecheck', args, { timeout: TIMEOUT, env: withServerPrograms() }, (error, stdout, stderr) => {
          // Its exit code is 1 for a refused zone; a string where it could not be run at all.
          resolve(
            typeof error?.code === 'number' ? `Knot DNS refuses it: ${reasonsIn(`${stdout}${stderr}`)}` : undefined,
          );
        });
      }),
  );
}

function reasonsIn(output: string): string {
  const lines = output
    .trim()
    .split('\n')
    .filter((line) => /error|failed|invalid|line/i.test(line));
  return lines.slice(0, LINES_TOLD).join('; ') || 'kzonecheck does not say why';
}
