import { execFile } from 'node:child_process';
import pLimit from 'p-limit';
import type { Applied, ZoneChange } from '../nameserver.js';
import { withServerPrograms } from '../controlled/private-process.js';

/** Two at a time, so that a batch of broken zones leaves the machine to named. */
const turn = pLimit(2);
const TIMEOUT = 30_000;

/**
 * Why does named not serve a zone as its file says? Over its control channel it only says that a reload was queued; the
 * reason goes to its log. named-checkzone, from the same code, says it in so many words. Answers nothing where it finds
 * nothing wrong, or is not installed.
 */
export function inspectZone(change: ZoneChange, seen: Applied): Promise<Applied | undefined> {
  if (change.kind === 'remove') return Promise.resolve(undefined);
  const { name, file } = change;
  return turn(async () => {
    // -i none: in-zone data only, without asking other servers; -k ignore: as in the statement that named was given.
    const { failed, output } = await run(['-k', 'ignore', '-i', 'none', name, file]);
    if (failed) return { ...seen, outcome: 'refused', reason: `BIND refuses it: ${output}` };
    // The file was replaced by a newer one meanwhile: what is served is what the store holds.
    const current = /loaded serial (\d+)/.exec(output)?.[1];
    return seen.serial !== undefined && current === String(seen.serial) ? { ...seen, outcome: 'served' } : undefined;
  });
}

function run(args: string[]): Promise<{ failed: boolean; output: string }> {
  return new Promise((resolve) => {
    execFile('named-checkzone', args, { timeout: TIMEOUT, env: withServerPrograms() }, (error, stdout) => {
      // Its exit code is 1 for a refused zone; a string where it could not be run at all.
      resolve({ failed: error?.code === 1, output: stdout.trim().replaceAll('\n', '; ') });
    });
  });
}
