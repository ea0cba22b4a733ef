import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { copyOf, ZoneIndex, type ZoneEntry } from '../../src/zones/zone-index.js';
import { zoneNames } from '../cluster/zone-texts.js';
import { mostInOneTurn } from '../turns.js';

const ZONES = 20_000;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zone-index-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

test('of 20,000 zones is written in short turns of the event loop, as it was at the beginning', async () => {
  const index = new ZoneIndex();
  const entryOf = (serial: number) => {
    return (name: ZoneEntry['name']): ZoneEntry => ({ name, serial, digest: 'd', owner: 'root', modified: 1 });
  };
  const names = zoneNames(ZONES);
  for (const entry of names.map(entryOf(1))) index.set(entry);
  const { mock } = vi.spyOn(JSON, 'stringify');
  const lines = (): number => mock.calls.length;
  // By a clock on which each line takes a millisecond and nothing else any time.
  const clock = vi.spyOn(performance, 'now').mockImplementation(lines);
  const file = join(folder, 'index');
  const most = await mostInOneTurn(() => {
    const written = index.write(file);
    // What changes after it began is in the journal, and may come from any moment but not from many.
    for (const entry of names.map(entryOf(2))) index.set(entry);
    return written;
  }, lines);
  expect(lines()).toBe(ZONES);
  expect(most).toBeLessThanOrEqual(20);
  clock.mockRestore();
  for (const place of [file, copyOf(file)]) {
    const read = await ZoneIndex.read(place);
    expect(read?.whole).toBe(true);
    expect(read?.index.inOrder()).toEqual(names.map(entryOf(1)).sort((a, b) => (a.name < b.name ? -1 : 1)));
  }
});
