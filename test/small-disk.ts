import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './needs.js';

/**
 * May these tests mount a file system? For `test.skipIf(!mayMount())`: tests of a full disk need a small real one,
 * which only root gets. In CI (CI=true) that is a failure.
 */
export function mayMount(): boolean {
  if (process.getuid?.() === 0) return true;
  const message = 'mounting a small file system needs root';
  if (process.env['CI'] === 'true') throw new Error(message);
  process.stderr.write(`SKIPPED: ${message}\n`);
  return false;
}

/** A file system of its own that is soon full. */
export class SmallDisk {
  readonly folder: string;
  readonly #ballast: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.#ballast = join(folder, 'ballast');
  }

  /** Of so many octets, and of at most so many files and links where `inodes` is given. */
  static mount(octets: number, inodes = 0): SmallDisk {
    const folder = mkdtempSync(join(tmpdir(), 'small-disk-'));
    run('mount', '-t', 'tmpfs', '-o', `size=${octets},nr_inodes=${inodes}`, 'tmpfs', folder);
    return new SmallDisk(folder);
  }

  /** Takes all room that is left but so many octets. */
  fill(leave = 0): void {
    const file = openSync(this.#ballast, 'w');
    try {
      for (;;) writeSync(file, Buffer.alloc(4096));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      closeSync(file);
    }
    if (leave > 0) run('truncate', '-s', `-${leave}`, this.#ballast);
  }

  /** Gives it back. */
  empty(): void {
    rmSync(this.#ballast);
  }

  unmount(): void {
    // Lazily: a test that failed may have left files open.
    run('umount', '-l', this.folder);
    rmdirSync(this.folder);
  }
}
