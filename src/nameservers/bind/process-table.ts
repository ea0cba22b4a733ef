import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

/** Milliseconds between two looks whether a process has ended. */
const PAUSE = 10;

/**
 * The process whose command line holds `argument`, from the kernel's own table: unlike a file with a number in it, that can
 * neither be missing after a crash nor name a process that is long gone.
 */
export async function processWithArgument(argument: string): Promise<number | undefined> {
  const entries = await readdir('/proc').catch(() => []);
  for (const entry of entries)
    if (/^\d+$/.test(entry) && (await hasArgument(Number(entry), argument))) return Number(entry);
  return undefined;
}

/**
 * Ends a process: asks it to, and after `patience` milliseconds kills it. Resolves when it is gone. `argument` makes sure that
 * it is still the process that was found.
 */
export async function endProcess(pid: number, argument: string, patience: number): Promise<void> {
  const deadline = performance.now() + patience;
  let signal: NodeJS.Signals | undefined = 'SIGTERM';
  while (await hasArgument(pid, argument)) {
    if (performance.now() > deadline) signal = 'SIGKILL';
    if (signal !== undefined) sendSignal(pid, signal);
    signal = undefined;
    await pause(PAUSE);
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it ended a moment ago
  }
}

/** Of a process that has ended and waits for its parent, the kernel keeps no arguments. */
async function hasArgument(pid: number, argument: string): Promise<boolean> {
  const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return line.split('\0').includes(argument);
}
