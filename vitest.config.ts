import { defineConfig } from 'vitest/config';

/**
 * Two kinds of test: `unit` needs nothing but Node; `system` starts real nameservers, real nodes and their processes.
 * System tests run one file at a time: each measures or starves the others on a small machine.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'test/{dns,zones,state,access,members,cluster,web,panel,cli,operations,notifications,repo}/**/*.test.ts',
          ],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'system',
          include: ['test/{servers,nodes,demo,browser}/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
