/** Milliseconds by which the server's clock and ours may drift apart between two checks. */
const DRIFT = 10;

/**
 * Tells restarts of a server that only says how long it has been running. Each answer gives two bounds for the moment
 * of its start, by when it was asked and when it answered; where the bounds of two answers don't meet, it was started
 * anew between them. A clock that was set looks like a restart, too, which costs one check of its zones.
 */
export class StartTime {
  readonly #resolution: number;
  #from = -Infinity;
  #to = Infinity;
  #starts = 0;

  /** `resolution`: milliseconds that the server leaves off what it says. */
  constructor(resolution = 0) {
    this.#resolution = resolution;
  }

  /**
   * `uptime`, and when it was asked and answered by a clock that never jumps, milliseconds. Returns a name for this
   * start.
   */
  see({ uptime, asked, answered }: { uptime: number; asked: number; answered: number }): string {
    const from = asked - uptime - this.#resolution - DRIFT;
    const to = answered - uptime + DRIFT;
    if (from > this.#to || to < this.#from) this.#starts++;
    [this.#from, this.#to] = [from, to];
    return String(this.#starts);
  }
}
