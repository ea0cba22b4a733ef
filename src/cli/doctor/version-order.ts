/** Is a version such as `20.9.1` below another? Parts are compared as numbers; a part that is missing is 0. */
export function isBelow(version: string, other: string): boolean {
  const [parts, others] = [version, other].map((text) => text.split('.').map((part) => Number.parseInt(part, 10) || 0));
  for (let i = 0; i < 3; i++) {
    const difference = (parts?.[i] ?? 0) - (others?.[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
