/** Loops that send to one member side by side: what is ready goes without waiting for a call that takes long. */
export class SendLoops {
  readonly #running = new Set<Promise<void>>();
  readonly #ended: () => void;

  /** `ended` is told of each that ends. */
  constructor(ended: () => void) {
    this.#ended = ended;
  }

  get size(): number {
    return this.#running.size;
  }

  /** `loop` never rejects. */
  start(loop: () => Promise<void>): void {
    const running = loop().finally(() => {
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

/** So many calls are on their way to one member at a time: enough that its disk, nameserver and our parser all work. */
const LOOPS = 4;

/** How many zones go in a call to one member: half as many after a call that failed, twice as many after a good one. */
export class BatchSize {
  readonly #most: () => number;
  #limit = Infinity;

  /** `most`: that the member takes in a call. */
  constructor(most: () => number) {
    this.#most = most;
  }

  get zones(): number {
    return Math.min(this.#most(), this.#limit);
  }

  /** The call before failed, and no call can be smaller. */
  get isLeast(): boolean {
    return this.#limit === 1;
  }

  /** Calls at a time; one as long as calls are kept small. */
  get loops(): number {
    return this.zones < this.#most() ? 1 : LOOPS;
  }

  succeeded(): void {
    this.#limit *= 2;
  }

  /** A call with so many zones failed. */
  failed(zones: number): void {
    this.#limit = Math.max(1, Math.floor(zones / 2));
  }
}
