import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as entry from '../../src/plugin.js';

const text = readFileSync('docs/hosts.md', 'utf8');
/** Blocks of code that name the file that they are from; "// …" stands for what is left out. */
const quoted = [...text.matchAll(/^```\w+ (\S+)\n([^]*?)^```$/gm)].map(([, file = '', code = '']) => ({ file, code }));

/** Its lines without their indentation, which a piece in a document has not. */
const flush = (code: string): string => code.replaceAll(/^ +/gm, '');

test('the document for hosts shows code of the adapters and the contract as it is', () => {
  expect(quoted.map(({ file }) => file)).toEqual([
    'src/host/host-panel.ts',
    'src/plugin.ts',
    'examples/hosts/express-5/dns-cluster.js',
    'examples/hosts/express-5/server.js',
    'examples/hosts/node-red/dns-cluster.js',
  ]);
  for (const { file, code } of quoted) {
    const source = flush(readFileSync(file, 'utf8'));
    for (const part of flush(code).split('// …\n')) expect(source, file).toContain(part);
  }
});

test('the worked example of the document for hosts is a whole file, which the drop-in suite runs', () => {
  const example = quoted.find(({ file }) => file.endsWith('express-5/dns-cluster.js'));
  expect(example?.code).toBe(readFileSync('examples/hosts/express-5/dns-cluster.js', 'utf8'));
});

test('the document for hosts names nothing that is not there', () => {
  const links = [...text.matchAll(/\]\(\.\.\/([^)]+)\)/g)].map(([, path = '']) => path);
  expect(links.filter((path) => !existsSync(path))).toEqual([]);
  for (const name of ['createPlugin', 'readPluginManifest', 'bearerCookie', 'stopFirst']) {
    expect(text).toContain(name);
    expect(Object.keys(entry)).toContain(name);
  }
});
