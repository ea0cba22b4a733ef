import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createLog } from '../../src/operations/log.js';
import { validateZone, type ValidZone } from '../../src/zones/validation.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { ZoneStore } from '../../src/zones/zone-store.js';
import { mayMount, SmallDisk } from '../small-disk.js';

const log = createLog({ level: 'silent' });
const FIRST = zoneName('zone-0.example');

function version(i: number, serial: number, size = 0): ValidZone {
  const name = zoneName(`zone-${i}.example`);
  const text = `$TTL 60\n@ SOA ns1.example.net. h.example.net. ${serial} 1 1 1 1\n@ NS ns1.example.net.\n;${'x'.repeat(size)}\n`;
  return validateZone(name, Buffer.from(text));
}

function batch(zones: number, serial: number, size = 0): { valid: ValidZone; owner: string }[] {
  return Array.from({ length: zones }, (_, i) => ({ valid: version(i, serial, size), owner: 'root' }));
}

/** Everything that can be seen of it, from inside and on disk. */
function picture(store: ZoneStore, folder: string): unknown {
  return {
    entries: [...store.entries()],
    texts: [...store.entries()].map(({ name }) => store.read(name)?.toString()),
    unconfirmed: store.unconfirmed(),
    damaged: store.edits.missing(),
    tombstones: [...store.entries()].map(({ name }) => store.tombstone(name)),
    files: readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => !/ballast|journal/.test(file)),
  };
}

describe.skipIf(!mayMount())('on a full disk', () => {
  let disk: SmallDisk;
  afterEach(() => disk.unmount());

  async function refuses(store: ZoneStore, change: () => Promise<unknown>): Promise<void> {
    const before = picture(store, disk.folder);
    await expect(change()).rejects.toMatchObject({ code: 'zones_not_written', status: 507 });
    expect(picture(store, disk.folder)).toEqual(before);
  }

  // The room that is left decides which write fails: a text, or the journal, in the first octet or in the middle.
  test.each([0, 4_096, 16_384, 131_072, 196_608])(
    'with %d octets left a change is refused as a whole, and works when there is room again',
    async (left) => {
      disk = SmallDisk.mount(2 * 1024 * 1024);
      let store = await ZoneStore.open(disk.folder, { log });
      await store.write(batch(3, 1));
      await store.confirm([...store.entries()]);
      disk.fill(left);
      await refuses(store, () => store.write(batch(20, 2, 8_000)));
      if (left === 0) {
        // By a name so long that it does not fit into what is left of the journal's last block.
        await refuses(store, () => store.remove([{ name: FIRST }], 'x'.repeat(5_000)));
        await store.confirm([...store.entries()]);
      }
      disk.empty();
      await store.write(batch(4, 3));
      await store.rollback([{ name: FIRST, serial: 3 }]);
      await store.close();
      store = await ZoneStore.open(disk.folder, { log });
      expect([...store.entries()].map(({ serial }) => serial).sort()).toEqual([1, 3, 3, 3]);
      for (const { name, serial } of store.entries()) expect(store.read(name)?.toString()).toContain(` ${serial} 1 1`);
      await store.close();
    },
  );

  test('without room for one more name a change is refused as a whole, at whichever of its files that happens', async () => {
    let wrote = 0;
    for (let inodes = 270; inodes < 290; inodes++) {
      disk = SmallDisk.mount(4 * 1024 * 1024, inodes);
      let store: ZoneStore | undefined;
      try {
        store = await ZoneStore.open(disk.folder, { log });
        await store.write(batch(4, 1));
        await store.confirm([...store.entries()]);
        const before = picture(store, disk.folder);
        const outcome = await store.write(batch(4, 2)).catch((error: unknown) => error);
        if (outcome === undefined) wrote++;
        else {
          expect(outcome, `${inodes} files`).toMatchObject({ code: 'zones_not_written' });
          expect(picture(store, disk.folder), `${inodes} files`).toEqual(before);
        }
      } catch (error) {
        // So few that not even the beginning fits.
        expect(String(error)).toMatch(/ENOSPC|disk of this server refused/);
      }
      await store?.close();
      if (inodes < 289) disk.unmount();
    }
    expect(wrote).toBeGreaterThan(0);
    expect(wrote).toBeLessThan(20);
  });

  test('the journal is not folded, nothing is lost, and both the end and the next start work', async () => {
    disk = SmallDisk.mount(2 * 1024 * 1024);
    let store = await ZoneStore.open(disk.folder, { log, checkpoint: 1_000 });
    await store.write(batch(20, 1));
    disk.fill(4_096);
    await store.remove([{ name: FIRST }], 'root').catch(() => undefined);
    const size = store.size;
    await store.close();
    store = await ZoneStore.open(disk.folder, { log });
    expect(store.size).toBe(size);
    await store.close();
    disk.empty();
    store = await ZoneStore.open(disk.folder, { log });
    expect(store.size).toBe(size);
    await store.close();
  });
});

describe('folding the journal', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'zone-store-fold-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('while changes go on loses nothing, and keeps the journal short', async () => {
    let store = await ZoneStore.open(folder, { log, checkpoint: 20_000 });
    const serials = new Map<number, number>();
    for (let round = 1; round <= 40; round++) {
      const writes = Array.from({ length: 10 }, async (_, i) => {
        const zone = (round * 7 + i * 13) % 60;
        serials.set(zone, round);
        const valid = version(zone, round, 500);
        await store.write([{ valid, owner: 'root' }]);
        if (i % 2 === 0) await store.confirm([valid]);
      });
      await Promise.all(writes);
    }
    // 400 versions of more than 600 octets each were written. A slow disk folds some changes later, with the next one.
    const journalOctets = (): number => {
      const journals = readdirSync(folder).filter((entry) => entry.startsWith('journal.'));
      return journals.reduce((sum, entry) => sum + readFileSync(join(folder, entry)).length, 0);
    };
    await vi.waitFor(
      async () => {
        await store.write([{ valid: version(7, 41, 500), owner: 'root' }]);
        expect(journalOctets()).toBeLessThan(30_000);
      },
      { timeout: 10_000 },
    );
    serials.set(7, 41);
    await store.close();
    store = await ZoneStore.open(folder, { log });
    expect(store.size).toBe(serials.size);
    for (const [zone, serial] of serials) {
      const { name, digest, text } = version(zone, serial, 500);
      expect(store.get(name)).toMatchObject({ serial, digest });
      expect(store.read(name)).toEqual(text);
    }
    await store.close();
  });

  test('at the end in order leaves an empty journal and an index, so that the next start replays nothing', async () => {
    const store = await ZoneStore.open(folder, { log });
    await store.write(batch(5, 1));
    await store.close();
    const journals = readdirSync(folder).filter((entry) => entry.startsWith('journal.'));
    expect(journals.map((entry) => readFileSync(join(folder, entry)).length)).toEqual([0]);
    expect(readFileSync(join(folder, 'index'), 'utf8').split('\n')).toHaveLength(5 + 2);
  });

  test('leaves no previous version behind that a later roll-back could mistake for the last good one', async () => {
    let store = await ZoneStore.open(folder, { log });
    await store.write(batch(1, 1));
    await store.confirm([version(0, 1)]);
    await store.write(batch(1, 2));
    await store.close();
    // With the index goes the knowledge that version 2 was not confirmed; version 1 must go with it.
    for (const entry of readdirSync(folder)) if (/^(journal\.|index)/.test(entry)) rmSync(join(folder, entry));
    store = await ZoneStore.open(folder, { log });
    await store.write(batch(1, 3));
    await store.rollback([version(0, 3)]);
    expect(store.get(FIRST)?.serial).toBe(2);
    await store.close();
  });
});
