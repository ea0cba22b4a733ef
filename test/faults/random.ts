/** A repeatable source of choices: the same seed makes the same ones on every machine (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to, and without, 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number, both ends included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  chance(part: number): boolean {
    return this.next() < part;
  }

  /** One of these; undefined of none. */
  pick<T>(list: readonly T[]): T | undefined {
    return list[Math.floor(this.next() * list.length)];
  }

  /** A key of the table, the likelier the larger its weight. */
  weighted<Key extends string>(table: Readonly<Record<Key, { weight: number }>>): Key {
    const keys = Object.keys(table) as Key[];
    let at = this.next() * keys.reduce((sum, key) => sum + table[key].weight, 0);
    for (const key of keys) {
      at -= table[key].weight;
      if (at < 0) return key;
    }
    return keys[0] as Key;
  }
}
