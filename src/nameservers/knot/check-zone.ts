import { execFile } from 'node:child_process';
import pLimit from 'p-limit';
import { withServerPrograms } from '../controlled/private-process.js';
import type { ZoneFile } from '../controlled/zone-commands.js';

/** Two at a time, so that a large batch leaves the machine to Knot. */
const turn = pLimit(2);
const TIMEOUT = 30_000;
const LINES_TOLD = 3;

/**
 * Why would Knot not serve this file? kzonecheck says it, by the same code. Answers nothing where it finds nothing
 * wrong, or is not installed.
 */
export function faultOf({ name, file }: ZoneFile): Promise<string | undefined> {
  return turn(
    () =>
      new Promise((resolve) => {
        // -v: without it, it does not say what is wrong.
        const args = ['-v', '-o', name, file];
        execFile('kzonecheck', args, { timeout: TIMEOUT, env: withServerPrograms() }, (error, stdout, stderr) => {
          // Its exit code is 1 for a refused zone; a string where it could not be run at all.
          resolve(
            typeof error?.code === 'number' ? `Knot DNS refuses it: ${reasonsIn(`${stdout}${stderr}`)}` : undefined,
          );
        });
      }),
  );
}

/** Without the program's own summary. */
function reasonsIn(output: string): string {
  const lines = output.split('\n').filter((line) => /, line \d+|^\[|cannot|not exist/i.test(line));
  return lines.slice(0, LINES_TOLD).join('; ') || output.trim().replaceAll(/\s*\n\s*/g, '; ');
}
