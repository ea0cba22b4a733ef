import pLimit from 'p-limit';

/**
 * Works on so many items at a time; the answers stand in the items' order. After a failure nothing more is begun: it is
 * about the member, and the rest would fail alike. What runs is waited for, then the failure is thrown.
 */
export async function someAtOnce<T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const limit = pLimit(atOnce);
  const failures: unknown[] = [];
  const answers = await Promise.all(
    items.map((item) =>
      limit(async () => {
        if (failures.length > 0) return [];
        try {
          return [await work(item)];
        } catch (error) {
          failures.push(error);
          return [];
        }
      }),
    ),
  );
  if (failures.length > 0) throw failures[0];
  return answers.flat();
}
