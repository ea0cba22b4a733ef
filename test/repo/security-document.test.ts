import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

test('every threat in docs/security.md has a test, and each that is named is there', () => {
  const rows = readFileSync('docs/security.md', 'utf8')
    .split('\n## ')
    .find((section) => section.startsWith('Threats'))
    ?.split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2);
  expect(rows?.length).toBeGreaterThan(20);
  for (const row of rows ?? []) {
    const named = row.match(/test\/[\w./-]+\.test\.ts/g) ?? [];
    expect(named, row).not.toEqual([]);
    expect(named.filter((file) => !existsSync(file))).toEqual([]);
  }
});
