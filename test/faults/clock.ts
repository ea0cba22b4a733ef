import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * May these tests give a process a clock of its own? In CI (CI=true) it is a failure where they may not. A skipped test
 * says what is missing, as test/needs.ts does.
 */
export function maySetClocks(): boolean {
  if (library() !== undefined) return true;
  const message = 'not installed: libfaketime; run test/debian-packages as root';
  if (process.env['CI'] === 'true') throw new Error(message);
  process.stderr.write(`SKIPPED: ${message}\n`);
  return false;
}

/** The clock that a process sees, which somebody sets while it runs. */
export class ProcessClock {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
    this.set(0);
  }

  /** It goes wrong by so many seconds from now on; seen within a second. */
  set(seconds: number): void {
    writeFileSync(this.#file, `${seconds < 0 ? '' : '+'}${seconds}`);
  }

  /** What the library leaves behind where its process was killed. */
  static forget(pid: number): void {
    for (const file of [`faketime_shm_${pid}`, `sem.faketime_sem_${pid}`]) rmSync(`/dev/shm/${file}`, { force: true });
  }

  /** What a process must be started with. */
  get environment(): Record<string, string> {
    return {
      LD_PRELOAD: library() ?? '',
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_CACHE_DURATION: '1',
      // Somebody set the clock: what measures durations goes on as it was, and files have their real times.
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      NO_FAKE_STAT: '1',
    };
  }
}

/** Debian's libfaketime; undefined where it is not installed. */
function library(): string | undefined {
  const folders = readdirSync('/usr/lib').filter((name) => name.includes('-linux-'));
  const files = folders.map((folder) => join('/usr/lib', folder, 'faketime/libfaketimeMT.so.1'));
  return files.find((file) => existsSync(file));
}
