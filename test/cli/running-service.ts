import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { vi } from 'vitest';

const WITHIN = 60_000;

/** `dnscluster serve`, as a supervisor runs it. */
export class RunningService {
  readonly #child: ChildProcess;
  /** What it said on standard error. */
  said = '';

  constructor(program: string, configuration: string, env: Record<string, string> = {}) {
    this.#child = spawn(process.execPath, [program, 'serve', '--config', configuration], {
      ...{ stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...env } },
    });
    this.#child.stderr?.on('data', (part: Buffer) => (this.said += part.toString()));
  }

  async untilSaid(pattern: RegExp): Promise<void> {
    await vi.waitFor(
      () => {
        if (!pattern.test(this.said)) throw new Error(`it did not say ${pattern.source}, but: ${this.said}`);
      },
      { timeout: WITHIN },
    );
  }

  /** Its exit code, when it has ended by itself or by this signal. */
  async ended(signal?: NodeJS.Signals): Promise<number | null> {
    if (this.#child.exitCode !== null) return this.#child.exitCode;
    const end = once(this.#child, 'close');
    if (signal !== undefined) this.#child.kill(signal);
    const force = setTimeout(() => this.#child.kill('SIGKILL'), WITHIN);
    const [code] = (await end) as [number | null];
    clearTimeout(force);
    return code;
  }
}
