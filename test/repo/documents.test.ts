import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';

const documents = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.md'], { encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '' && existsSync(file));
const text = new Map(documents.map((file) => [file, readFileSync(file, 'utf8')]));

/** As the repository's host makes an anchor of a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

const anchorsOf = (file: string): string[] =>
  [...readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));

/** A link inside the repository that leads nowhere. */
function isBroken(document: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const file = path === '' ? document : join(dirname(document), path);
  return !existsSync(file) || (anchor !== undefined && !anchorsOf(file).includes(anchor));
}

describe('the documents', () => {
  test.each(documents)('%s has no link that leads nowhere', (document) => {
    const links = [...(text.get(document) ?? '').matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
    const inside = links.filter((link) => !/^[a-z]+:/.test(link));
    expect(inside.filter((link) => isBroken(document, link))).toEqual([]);
  });

  test.each(documents)('%s names no file that is not there', (document) => {
    // Words in capitals stand for a name that the reader chooses.
    const named = [...(text.get(document) ?? '').matchAll(/`((?:src|test|bench|templates|installer)\/[\w./-]+)`/g)];
    const paths = named.map(([, path = '']) => path).filter((path) => !/[A-Z]{3,}\b(?!\.md)/.test(path));
    expect(paths.filter((path) => !existsSync(path) && !path.endsWith('-'))).toEqual([]);
  });
});

test('the ways through the code are of files that are there, at most twelve each', () => {
  const section = (text.get('docs/architecture.md') ?? '').split('\n## ').find((part) => part.startsWith('Ways'));
  const ways = (section ?? '').split('\n### ').slice(1);
  expect(ways.length).toBeGreaterThanOrEqual(5);
  for (const way of ways) {
    const stations = [...way.matchAll(/^\d+\. `([^`]+)`/gm)].map(([, path = '']) => path);
    expect(stations.filter((path) => !existsSync(`src/${path}`))).toEqual([]);
    expect(stations.length).toBeGreaterThan(0);
    expect(stations.length).toBeLessThanOrEqual(12);
  }
});
