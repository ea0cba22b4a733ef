import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { zonesInFolder, type FolderItem } from '../../src/zones/zone-folder.js';
import { validateZone } from '../../src/zones/validation.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zone-folder-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const RELATIVE = '$TTL 60\n@ SOA ns1.example.net. h.example.net. 1 1 1 1 1\n@ NS ns1.example.net.\n';

async function items(files: Record<string, string>): Promise<FolderItem[]> {
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
  const found: FolderItem[] = [];
  for await (const item of zonesInFolder(folder)) found.push(item);
  return found;
}

test('a zone is named by its file where its SOA is relative, with or without an ending', async () => {
  const found = await items({ 'a.example.zone': RELATIVE, 'b.example.db': RELATIVE, 'c.example': RELATIVE });
  expect(found.map((item) => 'name' in item && item.name)).toEqual(['a.example', 'b.example', 'c.example']);
});

test('a zone is named by its SOA where that is absolute, whatever the file is called', async () => {
  const [named, byOrigin] = await items({
    '1': RELATIVE.replace('@ SOA', 'x.example. SOA'),
    '2': `$ORIGIN Y.example.\n${RELATIVE}`,
  });
  expect(named).toMatchObject({ name: 'x.example' });
  expect(byOrigin).toMatchObject({ name: 'y.example', text: Buffer.from(`$ORIGIN Y.example.\n${RELATIVE}`) });
});

test('the second file of one zone is left out, and both are named', async () => {
  const [, second] = await items({ 'a.example.db': RELATIVE, 'a.example.zone': RELATIVE });
  expect(second).toMatchObject({ file: 'a.example.zone', leftOut: expect.stringContaining('a.example.db') as string });
});

test('a file without an SOA, and one that no domain name can be found for, are left out with the reason', async () => {
  const found = await items({ readme: 'hello\n', 'a b.zone': RELATIVE });
  expect(found).toMatchObject([
    { file: 'a b.zone', leftOut: expect.stringContaining('not a zone name') as string },
    { file: 'readme', leftOut: expect.stringContaining('no SOA') as string },
  ]);
});

test('included files of the folder become part of the zone; files outside it are refused', async () => {
  const [inside, outside] = await items({
    'a.example.zone': `${RELATIVE}$INCLUDE hosts.inc\n`,
    'b.example.zone': `${RELATIVE}$INCLUDE ../etc/passwd\n`,
    'hosts.inc': 'www A 192.0.2.1\n',
  });
  if (inside === undefined || !('name' in inside)) throw new Error('left out');
  expect(validateZone(inside.name, inside.text).zone.records).toHaveLength(3);
  expect(outside).toMatchObject({ leftOut: expect.stringContaining('include') as string });
});
