import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { startNode, type RunningNode } from '../../src/panel/node.js';
import { builtProgram, runProgram, type Run } from './built-program.js';

/** A whole node in this process, and the built program that talks to it over its control socket. */
export interface NodeWithProgram {
  readonly node: RunningNode;
  /** The program's file. */
  readonly program: string;
  /** Its data folder. */
  readonly folder: string;
  /** Runs `dnscluster ARGS --folder FOLDER`. */
  run(args: readonly string[], given?: { input?: string | Buffer; env?: Record<string, string> }): Promise<Run>;
  /** The same with `--json`; answers what it printed, and its exit code. */
  json(args: readonly string[], given?: { input?: string | Buffer }): Promise<{ status: number | null; said: unknown }>;
}

/** Starts one before the tests of a file, and ends it behind them. */
export function runningNode(name = 'web.example.net'): NodeWithProgram {
  const program = builtProgram();
  const folder = mkdtempSync(join(tmpdir(), 'cli-node-'));
  let node: RunningNode | undefined;
  beforeAll(async () => {
    const nameserver = { kind: 'embedded', host: '127.0.0.1', port: 0 } as const;
    node = await startNode({ name, folder, host: '127.0.0.1', port: 0, nameserver });
  });
  afterAll(async () => {
    await node?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const run: NodeWithProgram['run'] = (args, { input, env = {} } = {}) =>
    runProgram(program, args, {
      ...(input === undefined ? {} : { input }),
      env: { DNSCLUSTER_FOLDER: folder, ...env },
    });
  return {
    get node() {
      if (node === undefined) throw new Error('the node is not started yet');
      return node;
    },
    program,
    folder,
    run,
    async json(args, given) {
      const { status, out, err } = await run([...args, '--json'], given);
      try {
        return { status, said: JSON.parse(out) as unknown };
      } catch {
        throw new Error(`not JSON: ${out} (${err})`);
      }
    },
  };
}
