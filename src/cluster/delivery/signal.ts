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
