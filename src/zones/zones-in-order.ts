import type { ZoneName } from './zone-name.js';

/** A block with more than this is cut in two. */
const MOST = 1_024;

/**
 * What is kept of zones, by name, in blocks: one that comes or goes costs the same among any number, and nobody has to
 * sort all of them for a page.
 */
export class ZonesInOrder<T extends { name: ZoneName }> {
  /** None is empty. */
  readonly #blocks: T[][] = [];

  set(entry: T): void {
    const at = this.#blockOf(entry.name);
    const block = this.#blocks[at];
    if (block === undefined) {
      this.#blocks.push([entry]);
      return;
    }
    const place = firstFrom(block, ({ name }) => name >= entry.name);
    block.splice(place, block[place]?.name === entry.name ? 1 : 0, entry);
    if (block.length > MOST) this.#blocks.splice(at + 1, 0, block.splice(MOST / 2));
  }

  delete(name: ZoneName): void {
    const at = this.#blockOf(name);
    const block = this.#blocks[at] ?? [];
    const place = firstFrom(block, (entry) => entry.name >= name);
    if (block[place]?.name !== name) return;
    block.splice(place, 1);
    if (block.length === 0) this.#blocks.splice(at, 1);
  }

  all(): T[] {
    // Not flat(), which takes ten times as long.
    return new Array<T>().concat(...this.#blocks);
  }

  /** The last block that begins with this name or one before it, else the first. */
  #blockOf(name: ZoneName): number {
    return Math.max(0, firstFrom(this.#blocks, ([first]) => first !== undefined && first.name > name) - 1);
  }
}

/** The first place in `items` from which on the condition holds. */
function firstFrom<T>(items: readonly T[], holds: (item: T) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const item = items[middle];
    if (item === undefined || holds(item)) high = middle;
    else low = middle + 1;
  }
  return low;
}
