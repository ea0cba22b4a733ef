import { execFile } from 'node:child_process';

const LONGEST = 240_000;
const MOST_OUTPUT = 32 * 1024 * 1024;

/**
 * Runs a program to its end and answers what it wrote to standard output. Rejects with all that it wrote where it fails
 * or takes too long.
 */
export function runToEnd(
  program: string,
  args: readonly string[],
  options: { cwd?: string; env?: Readonly<Record<string, string>> } = {},
): Promise<string> {
  const env = { ...process.env, ...options.env };
  return new Promise((resolve, reject) => {
    execFile(
      program,
      [...args],
      { ...options, env, timeout: LONGEST, maxBuffer: MOST_OUTPUT },
      (error, output, errors) => {
        if (error === null) resolve(output);
        else reject(new Error(`${program} ${args.join(' ')}: ${error.message}\n${output}\n${errors}`));
      },
    );
  });
}
