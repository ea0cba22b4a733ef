import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';

const build = join(process.cwd(), 'build', `cli-test-${process.pid}`);

/** Builds the program before the tests of a file, which run it as it is installed: in a process of its own. Returns its entry. */
export function builtProgram(): string {
  beforeAll(() => {
    const options = [
      '-p',
      'tsconfig.build.json',
      '--outDir',
      build,
      '--incremental',
      'false',
      '--noEmitOnError',
      'false',
    ];
    const arguments_ = [
      'node_modules/typescript/bin/tsc',
      ...options,
      '--declaration',
      'false',
      '--sourceMap',
      'false',
    ];
    spawnSync('node', arguments_, { timeout: 120_000 });
  }, 120_000);
  afterAll(() => rmSync(build, { recursive: true, force: true }));
  return join(build, 'cli/main.js');
}
