import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { lastLines } from '../../src/operations/last-lines.js';

const folder = mkdtempSync(join(tmpdir(), 'last-lines-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function all(text: string, end?: number): Promise<string[]> {
  const file = join(folder, 'log');
  writeFileSync(file, text);
  const lines: string[] = [];
  for await (const line of lastLines(file, end)) lines.push(line);
  return lines.reverse();
}

describe('the last lines of a file', () => {
  test.each([
    ['nothing', ''],
    ['one line without an end', 'a'],
    ['empty lines, which are left out', '\n\na\n\nb\n'],
    [
      'lines across the blocks in which it is read',
      Array.from({ length: 9_000 }, (_, i) => `line ${i} äöü€😀\n`).join(''),
    ],
    ['a line that is longer than three blocks', `first\n${'ä€'.repeat(50_000)}\nlast\n`],
    ['a newline on each edge of a block', `${'x'.repeat(65_535)}\n`.repeat(3)],
  ])('are those that it has: %s', async (_, text) => {
    expect(await all(text)).toEqual(text.split('\n').filter((line) => line !== ''));
  });

  test('before an octet, and none where there is no file', async () => {
    expect(await all('one\ntwo\nthree\n', 8)).toEqual(['one', 'two']);
    for await (const line of lastLines(join(folder, 'nowhere'))) expect(line).toBe('never');
  });

  test('are an error where the file cannot be read, and not none', async () => {
    await all('one\n');
    await expect(lastLines(join(folder, 'log', 'inside')).next()).rejects.toThrow('ENOTDIR');
  });
});
