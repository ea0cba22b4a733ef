import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { beforeAll } from 'vitest';

const BUILD = join(process.cwd(), 'build');
const OURS = 'cli-test-';
const KEPT = 60 * 60 * 1000;

/**
 * Builds the program before the tests of a file, which run it as it is installed: in a process of its own. Returns its
 * entry. A build of the same source serves all files, also of the next run; types are not checked again here.
 */
export function builtProgram(): string {
  const folder = join(BUILD, `${OURS}${digestOfSource()}`);
  beforeAll(() => {
    if (existsSync(folder)) return;
    const mine = join(BUILD, `${OURS}of-${process.pid}`);
    const options = ['--outDir', mine, '--incremental', 'false', '--declaration', 'false', '--sourceMap', 'false'];
    const tsc = ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--noCheck', ...options];
    const { status, stdout } = spawnSync('node', tsc, { timeout: 180_000, encoding: 'utf8' });
    if (status !== 0) throw new Error(`the program could not be built: ${stdout}`);
    try {
      renameSync(mine, folder);
    } catch {
      // Another file's build of the same source was faster.
      rmSync(mine, { recursive: true, force: true });
    }
    for (const name of readdirSync(BUILD)) {
      const old = join(BUILD, name);
      if (name.startsWith(OURS) && old !== folder && statSync(old).mtimeMs < Date.now() - KEPT)
        rmSync(old, { recursive: true, force: true });
    }
  }, 200_000);
  return join(folder, 'cli/main.js');
}

/** What a run of the program said, and its exit code. */
export interface Run {
  status: number | null;
  out: string;
  err: string;
}

/** Runs the program to its end, beside this process, where the service may live that it asks. */
export async function runProgram(
  program: string,
  args: readonly string[],
  { env = {}, input = '' }: { env?: Record<string, string>; input?: string | Buffer } = {},
): Promise<Run> {
  const options = { env: { PATH: '', HOME: '/nonexistent', ...env }, timeout: 60_000 };
  const child = spawn(process.execPath, [program, ...args], options);
  const said = { out: '', err: '' };
  child.stdout.on('data', (part: Buffer) => (said.out += part.toString()));
  child.stderr.on('data', (part: Buffer) => (said.err += part.toString()));
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, ...said };
}

function digestOfSource(): string {
  const hash = createHash('sha256');
  for (const name of readdirSync('src', { recursive: true, encoding: 'utf8' }).sort()) {
    const { mtimeMs, size } = statSync(join('src', name));
    hash.update(`${name} ${mtimeMs} ${size}\n`);
  }
  return hash.digest('hex').slice(0, 16);
}
