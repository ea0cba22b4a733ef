import type { ZoneName } from '../zones/zone-name.js';

/** Removals that are seen as one run. */
const WINDOW = 10 * 60_000;
/** A run that removes more than so many zones, and more than this part of what the member holds, stops and asks. */
const MOST = 10;
const MOST_PART = 0.3;

/**
 * Holds back removals that would take away much of what a member holds, until somebody has looked at them: what deletes a third of all
 * zones is more often an accident than a wish.
 */
export class RemovalBrake {
  /** When zones were removed, by the process's own time, which nobody can set. */
  readonly #done: number[] = [];
  #allowed: ReadonlySet<ZoneName> = new Set();

  /** Are these removals, of a member that holds so many zones now, more than may go without being asked? */
  holds(removals: ReadonlySet<ZoneName>, held: number, now = performance.now()): boolean {
    while (this.#done.length > 0 && (this.#done[0] ?? 0) < now - WINDOW) this.#done.shift();
    let asked = 0;
    for (const name of removals) if (!this.#allowed.has(name)) asked++;
    if (asked === 0) return false;
    const run = asked + this.#done.length;
    return run > MOST && run > MOST_PART * (held + this.#done.length);
  }

  isAllowed(name: ZoneName): boolean {
    return this.#allowed.has(name);
  }

  /** A zone was removed there. */
  removed(name: ZoneName, now = performance.now()): void {
    if (!this.#allowed.has(name)) this.#done.push(now);
  }

  /** Somebody has looked at these. */
  allow(names: Iterable<ZoneName>): void {
    this.#allowed = new Set(names);
  }
}
