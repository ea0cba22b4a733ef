import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createLog } from '../../src/operations/log.js';
import { validateZone, type ValidZone } from '../../src/zones/validation.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { ZoneStore } from '../../src/zones/zone-store.js';

const log = createLog({ level: 'silent' });
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zone-store-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const name = zoneName('a.example');

function zone(serial: number, comment = '', zoneAs = name): ValidZone {
  const text = `; ${comment}\n$TTL 60\n@ SOA ns1.example.net. h.example.net. ${serial} 1 1 1 1\n@ NS ns1.example.net.\n`;
  return validateZone(zoneAs, Buffer.from(text));
}

async function withStore(use: (store: ZoneStore) => Promise<void> | void): Promise<void> {
  const store = await ZoneStore.open(folder, { log });
  await use(store);
  await store.close();
}

/** As after kill -9: what is on disk at the end of `use` is what the next one finds. */
async function abandon(use: (store: ZoneStore) => Promise<void>): Promise<void> {
  const copy = `${folder}.copy`;
  await withStore(async (store) => {
    await use(store);
    cpSync(folder, copy, { recursive: true });
  });
  rmSync(folder, { recursive: true });
  renameSync(copy, folder);
}

const owner = 'root';

describe('the zone store', () => {
  test('keeps the text byte for byte, comments and bytes above 127 too', async () => {
    const valid = zone(1, 'ümläut \u0000 and a tab\t');
    await withStore(async (store) => {
      await store.write([{ valid, owner: 'ann' }]);
      expect(store.read(name)).toEqual(valid.text);
      expect(readFileSync(store.fileOf(name))).toEqual(valid.text);
    });
    await withStore((store) => {
      expect(store.read(name)).toEqual(valid.text);
      expect(store.get(name)).toMatchObject({ serial: 1, digest: valid.digest, owner: 'ann' });
    });
  });

  test('what was acknowledged is there after a kill, also without a checkpoint', async () => {
    await abandon((store) => store.write([{ valid: zone(7), owner }]));
    await withStore((store) => {
      expect(store.get(name)?.serial).toBe(7);
      expect(store.unconfirmed()).toEqual([name]);
      expect(store.read(name)).toEqual(zone(7).text);
    });
  });

  test('a change that was rolled back leaves the last confirmed version', async () => {
    await withStore(async (store) => {
      await store.write([{ valid: zone(1), owner }]);
      await store.confirm([{ name, serial: 1 }]);
      await store.write([{ valid: zone(2), owner }]);
      await store.write([{ valid: zone(3), owner }]);
      await store.rollback([{ name, serial: 3 }]);
      expect(store.get(name)).toMatchObject({ serial: 1, digest: zone(1).digest });
      expect(store.read(name)).toEqual(zone(1).text);
      expect(store.unconfirmed()).toEqual([]);
    });
  });

  test('a new zone that was rolled back is as if it had never come, and leaves no tombstone', async () => {
    await withStore(async (store) => {
      await store.write([{ valid: zone(1), owner }]);
      await store.rollback([{ name, serial: 1 }]);
      expect(store.get(name)).toBeUndefined();
      expect(store.tombstone(name)).toBeUndefined();
    });
  });

  test('a roll-back is possible after a restart, too', async () => {
    await abandon(async (store) => {
      await store.write([{ valid: zone(1), owner }]);
      await store.confirm([{ name, serial: 1 }]);
      await store.write([{ valid: zone(2), owner }]);
    });
    await withStore(async (store) => {
      expect(store.unconfirmed()).toEqual([name]);
      await store.rollback([{ name, serial: 2 }]);
      expect(store.read(name)).toEqual(zone(1).text);
    });
  });

  test('a removal leaves a tombstone with the serial, which survives', async () => {
    await abandon(async (store) => {
      await store.write([{ valid: zone(9), owner }]);
      await store.remove([{ name }], 'ann');
    });
    await withStore((store) => {
      expect(store.get(name)).toBeUndefined();
      expect(store.read(name)).toBeUndefined();
      expect(store.tombstone(name)).toMatchObject({ serial: 9, by: 'ann' });
    });
  });

  test('a file that is gone without a removal is damage: the zone stays in the index', async () => {
    await withStore((store) => store.write([{ valid: zone(1), owner }]));
    await withStore((store) => {
      rmSync(store.fileOf(name));
      expect(store.read(name)).toBeUndefined();
      expect(store.edits.missing()).toEqual([name]);
      expect(store.get(name)?.serial).toBe(1);
      expect(store.tombstone(name)).toBeUndefined();
    });
    await withStore(async (store) => {
      expect(store.edits.missing()).toEqual([name]);
      await store.write([{ valid: zone(2), owner }]);
      expect(store.edits.missing()).toEqual([]);
    });
  });

  test.each(['missing', 'truncated', 'garbage'])('an index that is %s is rebuilt from the files', async (state) => {
    await withStore((store) => store.write([{ valid: zone(5), owner }]));
    const index = join(folder, 'index');
    if (state === 'missing') rmSync(index);
    else if (state === 'truncated') truncateSync(index, 10);
    else writeFileSync(index, 'garbage\n');
    await withStore((store) => {
      expect(store.get(name)).toMatchObject({ serial: 5, digest: zone(5).digest });
    });
  });

  test('a journal that was cut at any octet loses nothing that came before the cut', async () => {
    await abandon(async (store) => {
      await store.write([{ valid: zone(1), owner }]);
      await store.write([{ valid: zone(1, '', zoneName('b.example')), owner }]);
    });
    const file = readdirSync(folder).find((entry) => entry.startsWith('journal.')) ?? '';
    const whole = readFileSync(join(folder, file));
    const first = whole.readUInt32LE(0) + 8;
    for (const cut of [0, 3, 8, first - 1, first, first + 5, whole.length - 1, whole.length]) {
      rmSync(folder, { recursive: true });
      // Nothing but the journal is left, as if the files had not reached the disk.
      await withStore(() => Promise.resolve());
      for (const entry of readdirSync(folder)) if (entry.startsWith('journal.')) rmSync(join(folder, entry));
      writeFileSync(join(folder, 'journal.1'), whole.subarray(0, cut));
      await withStore((store) => {
        expect(store.size).toBe(cut < first ? 0 : cut < whole.length ? 1 : 2);
        for (const entry of store.entries()) expect(validateZone(entry.name, store.read(entry.name) ?? Buffer.of()).digest).toBe(entry.digest);
      });
    }
  });

  test('names with a slash and of 253 characters have files inside the folder', async () => {
    const long = zoneName(`${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}`);
    for (const odd of [zoneName('0/26.2.0.192.in-addr.arpa'), long]) {
      await withStore(async (store) => {
        await store.write([{ valid: zone(1, '', odd), owner }]);
        expect(store.fileOf(odd).startsWith(join(folder, 'zones'))).toBe(true);
      });
      rmSync(join(folder, 'index'));
      await withStore((store) => {
        expect(store.get(odd)?.serial).toBe(1);
        expect(store.read(odd)).toEqual(zone(1, '', odd).text);
      });
    }
  });
});
