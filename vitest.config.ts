import { statfsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** A file system in memory, as Linux has one. Waiting for fsync on a busy disk would be most of the tests' time. */
const MEMORY = '/dev/shm';
const ENOUGH_ROOM = 4 * 1024 ** 3;

/** Where tests put their folders: in memory where there is room for them, else where the system or TMPDIR says. */
function folders(): { TMPDIR?: string } {
  if (process.env['TMPDIR'] !== undefined) return {};
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize > ENOUGH_ROOM ? { TMPDIR: MEMORY } : {};
  } catch {
    return {};
  }
}

/** A busy machine can starve a server that a test waits for: in CI a test that failed runs once more, and is named as one that did. */
const retry = process.env['CI'] === 'true' ? 1 : 0;

/**
 * Two kinds of test: `unit` needs nothing but Node; `system` starts real nameservers, real nodes and their processes.
 * Unit tests run first, a file on each core, as they mostly wait. System tests run one file at a time: each measures or
 * starves the others on a small machine.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'test/{errors,dns,zones,state,access,host,members,cluster,web,panel,cli,operations,notifications,presentation,repo,fuzz}/**/*.test.ts',
          ],
          ...{ env: folders(), retry },
          maxWorkers: availableParallelism(),
          sequence: { groupOrder: 0 },
          testTimeout: 20_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'system',
          include: ['test/{servers,nodes,demo,browser,hosts,faults,install}/**/*.test.ts'],
          ...{ env: folders(), retry },
          fileParallelism: false,
          sequence: { groupOrder: 1 },
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
