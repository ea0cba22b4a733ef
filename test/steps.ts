type Next = Iterator<unknown>['next'];
type Method = (this: { length: number }, ...given: unknown[]) => unknown;

/** What walks through a whole array by one call. */
const WALKS = ['filter', 'find', 'flat', 'flatMap', 'forEach', 'map', 'reduce', 'slice', 'some', 'sort'];

/**
 * How many steps through Maps, Sets and arrays `work` takes: what it costs, as a count that no load of the machine
 * changes. Work that looks at each of n things takes n steps or more.
 */
export function stepsOf(work: () => void): number {
  let steps = 0;
  const undo: (() => void)[] = [];
  const wrap = (prototype: object, key: string, wrapped: (original: unknown) => unknown): void => {
    const original: unknown = Reflect.get(prototype, key);
    undo.push(() => Reflect.set(prototype, key, original));
    Reflect.set(prototype, key, wrapped(original));
  };
  for (const iterator of [new Map().values(), new Set().values(), [].values()]) {
    wrap(
      Reflect.getPrototypeOf(iterator) ?? {},
      'next',
      (original) =>
        function next(this: Iterator<unknown>): unknown {
          steps++;
          return (original as Next).call(this);
        },
    );
  }
  for (const walk of WALKS) {
    wrap(
      Array.prototype,
      walk,
      (original) =>
        function walked(this: { length: number }, ...given: unknown[]): unknown {
          steps += this.length;
          return (original as Method).apply(this, given);
        },
    );
  }
  try {
    work();
    return steps;
  } finally {
    for (const one of undo) one();
  }
}
