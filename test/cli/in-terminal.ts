import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** What a person does: waits until the terminal shows this, and types that. */
export type Step = readonly [shown: string | RegExp, typed: string];

const LONGEST = 60_000;

/**
 * Runs the program in a terminal of its own (`script` of util-linux makes it) with a person at it. Resolves with its
 * exit code and all that the terminal showed.
 */
export function inTerminal(
  program: string,
  args: readonly string[],
  given: { env?: Record<string, string>; steps?: readonly Step[] } = {},
): Promise<{ status: number | null; shown: string }> {
  const words = [process.execPath, program, ...args].map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`);
  return lineInTerminal(words.join(' '), given);
}

/** The same with a line of the shell. */
export async function lineInTerminal(
  command: string,
  { env = {}, steps = [] }: { env?: Record<string, string>; steps?: readonly Step[] } = {},
): Promise<{ status: number | null; shown: string }> {
  // In the place of its shell, which would answer an interrupt for us.
  const line = `exec ${command}`;
  const whole = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', TERM: 'xterm', SHELL: '/bin/sh', ...env };
  const child = spawn('script', ['-qefc', line, '/dev/null'], { env: whole, timeout: LONGEST });
  let shown = '';
  let unread = '';
  const left = [...steps];
  const look = (): void => {
    const [next] = left;
    if (next === undefined) return;
    const at = typeof next[0] === 'string' ? unread.indexOf(next[0]) : unread.search(next[0]);
    if (at < 0) return;
    unread = '';
    left.shift();
    child.stdin.write(next[1]);
  };
  child.stdout.on('data', (part: Buffer) => {
    shown += part.toString();
    unread += part.toString();
    look();
  });
  child.stdin.on('error', () => undefined);
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, shown: shown.replaceAll('\r\n', '\n') };
}
