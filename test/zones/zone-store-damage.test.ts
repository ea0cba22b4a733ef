import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createLog } from '../../src/operations/log.js';
import { validateZone, type ValidZone } from '../../src/zones/validation.js';
import { ZoneFiles } from '../../src/zones/zone-files.js';
import { ZoneIndex } from '../../src/zones/zone-index.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { ZoneStore } from '../../src/zones/zone-store.js';

const log = createLog({ level: 'silent' });
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zone-store-damage-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

const [a, b] = [zoneName('a.example'), zoneName('b.example')];

function version(name: typeof a, serial: number): ValidZone {
  const text = `$TTL 60\n@ SOA ns1.example.net. h.example.net. ${serial} 1 1 1 1\n@ NS ns1.example.net.\n`;
  return validateZone(name, Buffer.from(text));
}

function open(): Promise<ZoneStore> {
  return ZoneStore.open(folder, { log });
}

function write(store: ZoneStore, zones: readonly ValidZone[], owner = 'ann'): Promise<void> {
  return store.write(zones.map((valid) => ({ valid, owner })));
}

/** Does `use` and ends as by kill -9: the folder is not closed in order. */
async function abandon(use: (store: ZoneStore) => Promise<void>): Promise<void> {
  await use(await open());
}

async function withStore(use: (store: ZoneStore) => Promise<void> | void): Promise<void> {
  const store = await open();
  await use(store);
  await store.close();
}

function filesBelow(place: string): string[] {
  const files = readdirSync(join(folder, place), { recursive: true, encoding: 'utf8' });
  return files.map((file) => join(folder, place, file)).filter((file) => statSync(file).isFile());
}

/** A power cut may leave nothing of files that were renamed but never synced. */
function losePower(): void {
  for (const file of [...filesBelow('zones'), ...filesBelow('previous')]) truncateSync(file, 0);
}

function journal(): string {
  const files = readdirSync(folder).filter((file) => /^journal\.[0-9]+$/.test(file));
  const written = files.map((file) => join(folder, file)).find((file) => statSync(file).size > 0);
  if (written === undefined) throw new Error('there is no journal');
  return written;
}

function asides(): string[] {
  return readdirSync(folder).filter((file) => file.includes('.damaged-'));
}

describe('after a power cut', () => {
  test('everything acknowledged is there, with a sound version to go back to', async () => {
    await abandon(async (store) => {
      await write(store, [version(a, 1), version(b, 1)]);
      await store.confirm([version(a, 1), version(b, 1)]);
      await write(store, [version(a, 2)]);
    });
    losePower();
    await withStore(async (store) => {
      expect(store.read(a)).toEqual(version(a, 2).text);
      expect(store.read(b)).toEqual(version(b, 1).text);
      expect(store.unconfirmed()).toEqual([a]);
      expect(await store.rollback([version(a, 2)])).toEqual([a]);
      expect(store.read(a)).toEqual(version(a, 1).text);
    });
  });

  test('zeros at the end of the journal are nothing', async () => {
    await abandon((store) => write(store, [version(a, 1)]));
    writeFileSync(journal(), Buffer.concat([readFileSync(journal()), Buffer.alloc(4096)]));
    await withStore((store) => expect(store.get(a)?.serial).toBe(1));
    expect(asides()).toEqual([]);
  });
});

describe('damage', () => {
  test('of one step of the journal loses no other step, and the journal is set aside', async () => {
    const names = [1, 2, 3, 4].map((i) => zoneName(`zone-${i}.example`));
    await abandon(async (store) => {
      for (const name of names) await write(store, [version(name, 1)]);
    });
    const octets = readFileSync(journal());
    const second = octets.indexOf('zone-2');
    octets.writeUInt8(octets.readUInt8(second) ^ 1, second);
    writeFileSync(journal(), octets);
    losePower();
    await withStore((store) => {
      expect([...store.entries()].map(({ name }) => name)).toEqual([names[0], names[2], names[3]]);
      for (const { name } of store.entries()) expect(store.read(name)).toEqual(version(name, 1).text);
    });
    expect(asides()).toHaveLength(1);
    expect(readFileSync(join(folder, asides()[0] ?? ''))).toEqual(octets);
  });

  test('of a previous version keeps no other zone from going back', async () => {
    await withStore(async (store) => {
      await write(store, [version(a, 1), version(b, 1)]);
      await store.confirm([version(a, 1), version(b, 1)]);
      await write(store, [version(a, 2), version(b, 2)]);
    });
    truncateSync(join(folder, 'previous', a), 0);
    await withStore(async (store) => {
      expect(await store.rollback([version(a, 2), version(b, 2)])).toEqual([a, b]);
      expect(store.get(a)?.serial).toBe(1);
      expect(store.edits.version(a)).toBeUndefined();
      expect(store.edits.broken().map(({ zone }) => zone)).toEqual([a]);
      expect(store.read(b)).toEqual(version(b, 1).text);
    });
  });

  test.each([
    ['its end', (text: string) => text.slice(0, -5)],
    ['a line', (text: string) => text.replace('"c.example"', '"c.exam')],
  ])('of %s of the index and its copy keeps owners and removals that it still says', async (_, damage) => {
    const c = zoneName('c.example');
    await withStore(async (store) => {
      await write(store, [version(a, 1), version(b, 5), version(c, 1)]);
      await store.confirm([version(a, 1), version(b, 5)]);
      await store.remove([{ name: b }], 'ann');
    });
    const index = join(folder, 'index');
    for (const file of [index, `${index}.bak`]) writeFileSync(file, damage(readFileSync(file, 'utf8')));
    await withStore((store) => {
      expect(store.get(a)).toMatchObject({ serial: 1, owner: 'ann' });
      expect(store.get(c)).toMatchObject({ serial: 1 });
      expect(store.tombstone(b)).toMatchObject({ serial: 5, by: 'ann' });
    });
    expect(asides()).toHaveLength(1);
  });

  test('of the index gives a zone to no owner that it names for another text', async () => {
    await withStore((store) => write(store, [version(a, 1)]));
    const index = join(folder, 'index');
    writeFileSync(index, readFileSync(index, 'utf8').slice(0, -5));
    await withStore((store) => {
      writeFileSync(store.fileOf(a), version(a, 9).text);
    });
    rmSync(`${index}.bak`);
    writeFileSync(index, readFileSync(index, 'utf8').slice(0, -5));
    await withStore((store) => expect(store.get(a)).toMatchObject({ serial: 9, owner: 'root' }));
  });
});

describe('going back', () => {
  test('restores owner and time with the text, also after a restart', async () => {
    let before: unknown;
    await abandon(async (store) => {
      await write(store, [version(a, 1)]);
      await store.confirm([version(a, 1)]);
      before = store.get(a);
      await write(store, [version(a, 2)], 'bob');
    });
    await withStore((store) => expect(store.get(a)?.owner).toBe('bob'));
    await withStore(async (store) => {
      await store.rollback([version(a, 2)]);
      expect(store.get(a)).toEqual(before);
    });
    await withStore((store) => expect(store.get(a)).toEqual(before));
  });
});

test('files of a fold that failed are synced before their journal goes', async () => {
  const store = await ZoneStore.open(folder, { log, checkpoint: 1 });
  const sync = vi.spyOn(ZoneFiles.prototype, 'sync');
  const snapshot = vi.spyOn(ZoneIndex.prototype, 'write').mockRejectedValueOnce(new Error('the disk is full'));
  await write(store, [version(a, 1)]);
  await vi.waitFor(() => expect(snapshot.mock.settledResults[0]?.type).toBe('rejected'));
  sync.mockClear();
  await write(store, [version(b, 1)]);
  await store.close();
  const synced = new Set(sync.mock.calls.flatMap(([names]) => [...names]));
  expect(synced).toEqual(new Set([a, b]));
  expect(snapshot.mock.settledResults.at(-1)?.type).toBe('fulfilled');
});

describe('a zone of a name that members take for another zone', () => {
  const taken = 'v1.example.db' as typeof a;

  test.each(['after a stop', 'after a crash'])('is not held any more, its file stays and is named: %s', async (how) => {
    const kept = await open();
    await write(kept, [version(taken, 1), version(b, 1)]);
    if (how === 'after a stop') await kept.close();
    for (const start of ['first', 'second']) {
      await withStore((store) => {
        expect([...store.entries()].map(({ name }) => name), start).toEqual([b]);
        expect(store.edits.damaged()).toEqual([{ zone: taken, why: expect.stringContaining('.db') as string }]);
        expect(filesBelow('zones').filter((file) => file.endsWith(taken))).toHaveLength(1);
      });
    }
  });
});

test('a zone of a label that is no A-label, from before such were refused, is held after each start', async () => {
  const kept = zoneName('xn--r2.example');
  await withStore((store) => write(store, [version(kept, 1)]));
  for (let start = 0; start < 2; start++)
    await withStore((store) => {
      expect(store.get(kept)?.serial).toBe(1);
      expect(store.edits.damaged()).toEqual([]);
    });
});
