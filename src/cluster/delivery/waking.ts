import type { ZoneName } from '../../zones/zone-name.js';

/** Lets one loop sleep until there is work: `notify` wakes it, also when it came a moment before `wait`. */
export class Signal {
  #raised = false;
  #wake: (() => void) | undefined;

  notify(): void {
    this.#raised = true;
    this.#wake?.();
  }

  /** Resolves at the next `notify`, or after `milliseconds`. The timer keeps no process alive. */
  async wait(milliseconds?: number): Promise<void> {
    if (!this.#raised) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        if (milliseconds !== undefined) timer = setTimeout(resolve, milliseconds).unref();
      });
      clearTimeout(timer);
      this.#wake = undefined;
    }
    this.#raised = false;
  }
}

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
