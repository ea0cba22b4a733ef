import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { IncludeFile } from '../../src/nameservers/controlled/include-file.js';
import { ZONE_STATEMENTS } from '../../src/nameservers/knot/configuration.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dns-cluster-include-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What a server reads that starts now. */
async function onDisk(): Promise<string[]> {
  const strangers = await new IncludeFile(join(folder, 'zones.conf'), ZONE_STATEMENTS).compare();
  return [...strangers.keys()].sort();
}

test('zones that a server could not be told to drop stand in its include file again, and so stay known as ours', async () => {
  const zones = new IncludeFile(join(folder, 'zones.conf'), ZONE_STATEMENTS);
  for (const name of ['a.example', 'b.example']) zones.set(name, `/zones/${name}`);
  await zones.write();
  const seen: string[][] = [];
  const tell = async (): Promise<void> => {
    seen.push(await onDisk());
    throw new Error('the server went away');
  };
  await expect(zones.without(['a.example', 'strange.example'], tell)).rejects.toThrow('went away');
  expect(seen).toEqual([['b.example']]);
  expect(await onDisk()).toEqual(['a.example', 'b.example']);
  expect(zones.list().map(({ name }) => name)).toHaveLength(2);
  await zones.without(['a.example'], () => Promise.resolve());
  expect(await onDisk()).toEqual(['b.example']);
});
