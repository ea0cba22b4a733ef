import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { codeOf } from '../../errors.js';

/** Milliseconds of the unit in which the kernel says when a process started (proc(5), USER_HZ). */
const TICK = 10;
/** Milliseconds between two checks whether a process has ended. */
const PAUSE = 10;

/**
 * The process whose command line holds `argument`, from the kernel's own table: unlike a file with a number in it, that
 * can neither be missing after a crash nor name a process that is long gone. Of a server with several processes it is
 * their parent.
 */
export async function processWithArgument(argument: string): Promise<number | undefined> {
  const found: number[] = [];
  for (const entry of await readdir('/proc').catch(() => [])) {
    if (/^\d+$/.test(entry) && (await hasArgument(Number(entry), argument))) found.push(Number(entry));
  }
  for (const pid of found) if (!found.includes(await parentOf(pid))) return pid;
  return undefined;
}

/**
 * Ends the processes whose command line holds `argument`: asks their parent to, and after `patience` milliseconds kills
 * it with its group. Resolves when all are gone.
 */
export async function endProcesses(argument: string, patience: number): Promise<void> {
  const deadline = performance.now() + patience;
  let signalled: number | undefined;
  for (;;) {
    const pid = await processWithArgument(argument);
    if (pid === undefined) return;
    if (performance.now() > deadline) sendSignal(pid, 'SIGKILL');
    else if (pid !== signalled) sendSignal(pid, 'SIGTERM');
    signalled = pid;
    await pause(PAUSE);
  }
}

/**
 * When the process started, milliseconds since 1970; nothing where there is none. The same each time, as long as nobody
 * sets the clock.
 */
export async function startOf(pid: number): Promise<number | undefined> {
  const ticks = (await statOf(pid))[19];
  const booted = /^btime (\d+)$/m.exec(await readFile('/proc/stat', 'latin1').catch(() => ''))?.[1];
  return ticks === undefined || booted === undefined ? undefined : Number(booted) * 1000 + Number(ticks) * TICK;
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error; // it ended a moment ago
  }
}

/** Of a process that has ended and waits for its parent, the kernel keeps no arguments. */
async function hasArgument(pid: number, argument: string): Promise<boolean> {
  const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return line.split('\0').includes(argument);
}

async function parentOf(pid: number): Promise<number> {
  return Number((await statOf(pid))[1] ?? 0);
}

/** Its fields from the state on. */
async function statOf(pid: number): Promise<string[]> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  // The program's name stands in brackets and may hold anything.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}
