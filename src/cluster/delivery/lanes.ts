/** Loops that send to one member side by side: what is ready goes without waiting for a call that takes long. */
export class Lanes {
  readonly #running = new Set<Promise<void>>();
  readonly #ended: () => void;

  /** `ended` is told of each that ends. */
  constructor(ended: () => void) {
    this.#ended = ended;
  }

  get size(): number {
    return this.#running.size;
  }

  /** `lane` never rejects. */
  start(lane: () => Promise<void>): void {
    const running = lane().finally(() => {
      this.#running.delete(running);
      this.#ended();
    });
    this.#running.add(running);
  }

  /** All have ended that run now. */
  async ended(): Promise<void> {
    await Promise.all(this.#running);
  }
}
