import type { KnipConfig } from 'knip';

/**
 * `npm run unused` finds files, exports and packages that nobody uses. It runs twice: in whole, where an export that only
 * its own file uses is one too many; and for what is shipped alone, where an export is that nothing but tests use.
 */
const isShippedAlone = process.argv.includes('--production');

export default {
  entry: [
    'src/plugin.ts!',
    'src/cli/main.ts!',
    'src/demo/main.ts!',
    // Started as processes of their own, by the names of their files.
    'src/demo/node-main.ts!',
    'test/**/*.mjs',
    // Found in the folder of each nameserver.
    'test/servers/*/operator.ts',
    'bench/*.ts',
    'bench/anchors/main.ts',
  ],
  project: ['src/**/*.ts!', 'test/**/*.{ts,mjs}', 'bench/**/*.ts'],
  ignoreExportsUsedInFile: isShippedAlone,
  // Its file is put into a page as it is.
  ignoreDependencies: ['axe-core'],
  // A program that a test runs, which knip takes for a module.
  ignoreUnresolved: ['./install.sh'],
  // Programs of the system are no packages.
  rules: { binaries: 'off' },
} satisfies KnipConfig;
