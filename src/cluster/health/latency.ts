/** So many are kept: with one look a minute, the last hour. */
const KEPT = 60;

/** How long a member's last answers took. */
export class Latency {
  #taken: (number | undefined)[] = [];

  /** Whole milliseconds, the oldest first; undefined where no answer came. */
  get history(): readonly (number | undefined)[] {
    return this.#taken;
  }

  async measure<T>(call: () => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      const answer = await call();
      this.#note(Math.round(performance.now() - start));
      return answer;
    } catch (error) {
      this.#note(undefined);
      throw error;
    }
  }

  #note(milliseconds: number | undefined): void {
    this.#taken = [...this.#taken.slice(1 - KEPT), milliseconds];
  }
}
