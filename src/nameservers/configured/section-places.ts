import { dirname, resolve } from 'node:path';
import { configurationText, includedFiles } from './configuration-reading.js';
import type { StatementPlace } from './configured-zone.js';

const DEEPEST = 10;

/**
 * Where the zones stand in a configuration whose sections are shown by indentation, with the files that it includes. A
 * zone begins where its name is given (`name: X` in a section of its own, or an item `- domain: X`), and ends before
 * the next. By their names in lower case; what can't be found is not in it.
 */
export async function sectionPlaces(
  file: string,
  { section, key }: { section: string; key: string },
): Promise<Map<string, StatementPlace>> {
  const places = new Map<string, StatementPlace>();
  const begins = new RegExp(`^\\s*-?\\s*${key}:\\s*"?([^"\\s#]+)"?`);
  const read = async (path: string, depth: number): Promise<void> => {
    const text = await configurationText(path).catch(() => '');
    const lines = text.split('\n');
    const starts = [0];
    for (const line of lines) starts.push((starts.at(-1) ?? 0) + line.length + 1);
    let current = '';
    let headed = 1;
    let open: { name: string; from: number } | undefined;
    let last = 0;
    const close = (): void => {
      if (open !== undefined) {
        const [start = 0, end = 0] = [starts[open.from - 1], starts[last]];
        places.set(open.name, { file: path, from: open.from, to: last, start, end: Math.min(end, text.length) });
      }
      open = undefined;
    };
    for (const [i, line] of lines.entries()) {
      const [, heading] = /^\s*([a-z-]+):\s*(#.*)?$/.exec(line) ?? [];
      const [, included] = /^\s*include:\s*"?([^"#]+?)"?\s*(#.*)?$/.exec(line) ?? [];
      if (heading !== undefined || included !== undefined) close();
      if (heading !== undefined) [current, headed] = [heading, i + 1];
      if (included !== undefined && depth < DEEPEST) {
        for (const more of await includedFiles(resolve(dirname(path), included))) await read(more, depth + 1);
      }
      const [, name] = current === section ? (begins.exec(line) ?? []) : [];
      if (name !== undefined) {
        close();
        const isItem = /^\s*-/.test(line);
        open = { name: name.replace(/(?<=.)\.$/, '').toLowerCase(), from: isItem ? i + 1 : headed };
      }
      if (/^\s*[^\s#]/.test(line)) last = i + 1;
    }
    close();
  };
  await read(resolve(file), 0);
  return places;
}
