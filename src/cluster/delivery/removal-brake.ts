import type { ZoneName } from '../../zones/zone-name.js';

/** Removals that are seen as one run. */
const WINDOW = 10 * 60_000;
/** A run that removes more than so many zones, and more than this part of what the member holds, stops and asks. */
const MOST = 10;
const MOST_PART = 0.3;

/**
 * The removals that wait for one member. Holds them back where they would take away much of what it holds, until
 * a person allows them: what deletes a third of all zones is more often an accident than a wish.
 */
export class RemovalBrake {
  /** When zones were removed, by the process's own time, which nobody can set. */
  readonly #done: number[] = [];
  /** What a person has allowed, whether it still waits or not. */
  #allowed: ReadonlySet<ZoneName> = new Set();
  /** Those that wait and were allowed. */
  readonly #free = new Set<ZoneName>();
  /** Those that wait and were not. */
  readonly #asking = new Set<ZoneName>();

  has(name: ZoneName): boolean {
    return this.#asking.has(name) || this.#free.has(name);
  }

  add(name: ZoneName): void {
    (this.#allowed.has(name) ? this.#free : this.#asking).add(name);
  }

  /** False where it was none of them. */
  delete(name: ZoneName): boolean {
    return this.#asking.delete(name) || this.#free.delete(name);
  }

  /** Those that may not go without being asked, of a member that holds so many zones now. */
  heldBack(zones: number, now = performance.now()): ReadonlySet<ZoneName> {
    while (this.#done.length > 0 && (this.#done[0] ?? 0) < now - WINDOW) this.#done.shift();
    const run = this.#asking.size + this.#done.length;
    return run > MOST && run > MOST_PART * (zones + this.#done.length) ? this.#asking : NONE;
  }

  /** Those that may go. */
  *due(zones: number): Generator<ZoneName> {
    yield* this.#free;
    if (this.heldBack(zones).size === 0) yield* this.#asking;
  }

  /** A zone was removed there. */
  removed(name: ZoneName, now = performance.now()): void {
    if (!this.#allowed.has(name)) this.#done.push(now);
  }

  /** A person allowed all that wait now. */
  allow(): void {
    for (const name of this.#asking) this.#free.add(name);
    this.#asking.clear();
    this.#allowed = new Set(this.#free);
  }
}

const NONE: ReadonlySet<ZoneName> = new Set();
