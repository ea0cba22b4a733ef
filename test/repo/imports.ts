import { dirname, join, normalize } from 'node:path';

/** One file's import of another, both as paths from the repository's root. */
export interface Arrow {
  from: string;
  to: string;
}

/** `import … from`, `export … from`, `import '…'` and `import('…')`, of types as of values. */
const IMPORT = /\b(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]/g;

/** All imports of files by files. `text`: the source by path. */
export function importsOf(text: ReadonlyMap<string, string>): Arrow[] {
  return [...text].flatMap(([from, content]) =>
    [...content.matchAll(IMPORT)].flatMap(([, path = '']) => {
      const to = normalize(join(dirname(from), path)).replace(/\.js$/, '.ts');
      return text.has(to) ? [{ from, to }] : [];
    }),
  );
}

/** Files that reach themselves by imports, each group once (Tarjan's strongly connected components). */
export function circles(arrows: readonly Arrow[]): string[][] {
  const next = new Map<string, string[]>();
  for (const { from, to } of arrows) next.set(from, [...(next.get(from) ?? []), to]);
  const number = new Map<string, number>();
  const lowest = new Map<string, number>();
  const open: string[] = [];
  const found: string[][] = [];
  const visit = (file: string): number => {
    const own = number.size;
    number.set(file, own);
    lowest.set(file, own);
    open.push(file);
    for (const to of next.get(file) ?? []) {
      const reached = number.has(to) ? (open.includes(to) ? (number.get(to) ?? own) : own) : visit(to);
      lowest.set(file, Math.min(lowest.get(file) ?? own, reached));
    }
    if (lowest.get(file) === own) {
      const circle = open.splice(open.indexOf(file));
      if (circle.length > 1) found.push(circle);
    }
    return lowest.get(file) ?? own;
  };
  for (const file of next.keys()) if (!number.has(file)) visit(file);
  return found;
}
