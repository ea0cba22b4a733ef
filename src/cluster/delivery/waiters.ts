import type { ZoneName } from '../../zones/zone-name.js';

/** Callers who wait for news of a zone. */
export class Waiters {
  readonly #waiting = new Map<ZoneName, Set<() => void>>();

  /** Resolves at the next `tell` of this zone, or at `signal`. */
  news(name: ZoneName, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(name) ?? new Set();
      const wake = (): void => {
        signal.removeEventListener('abort', wake);
        if (waiting.delete(wake) && waiting.size === 0) this.#waiting.delete(name);
        resolve();
      };
      this.#waiting.set(name, waiting.add(wake));
      signal.addEventListener('abort', wake);
    });
  }

  tell(name: ZoneName): void {
    for (const wake of [...(this.#waiting.get(name) ?? [])]) wake();
  }

  tellAll(): void {
    for (const name of [...this.#waiting.keys()]) this.tell(name);
  }
}
