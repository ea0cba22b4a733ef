const WIDTH = 30;
const CLEAR_LINE = '\r\x1b[K';

/** How far long work is, in one line that is written over: on standard error, and only where that is a terminal. */
export class ProgressBar {
  readonly #isTerminal: boolean;

  /** `wanted`: false where the answer is for programs. */
  constructor(wanted: boolean) {
    this.#isTerminal = wanted && process.stderr.isTTY;
  }

  /** `total` is 0 where it is not known yet. */
  show(words: string, done: number, total: number): void {
    if (!this.#isTerminal) return;
    const share = total === 0 ? 0 : Math.min(1, done / total);
    const full = Math.round(share * WIDTH);
    const bar = `[${'#'.repeat(full)}${'.'.repeat(WIDTH - full)}]`;
    const count = total === 0 ? '' : ` ${done.toLocaleString('en')} of ${total.toLocaleString('en')}`;
    process.stderr.write(
      `${CLEAR_LINE}${bar}${count} ${words}`.slice(0, CLEAR_LINE.length + (process.stderr.columns || 80) - 1),
    );
  }

  /** The line is free for what comes then. */
  end(): void {
    if (this.#isTerminal) process.stderr.write(CLEAR_LINE);
  }
}
