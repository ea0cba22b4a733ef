import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createLog } from '../../src/operations/log.js';
import type { FilesFound } from '../../src/zones/hand-edits.js';
import { validateZone, type ValidZone } from '../../src/zones/validation.js';
import { zoneName, type ZoneName } from '../../src/zones/zone-name.js';
import { ZoneStore } from '../../src/zones/zone-store.js';

const log = createLog({ level: 'silent' });
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hand-edits-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const a = zoneName('a.example');
const b = zoneName('b.example');
const odd = zoneName('0/26.2.0.192.in-addr.arpa');
const names = [a, b, odd];

function text(serial: number, address = '192.0.2.1'): string {
  return `$TTL 60\n@ SOA ns1.example.net. h.example.net. ${serial} 1 1 1 1\n@ NS ns1.example.net.\nwww A ${address}\n`;
}

function version(name: ZoneName, serial: number): ValidZone {
  return validateZone(name, Buffer.from(text(serial)));
}

const nothing: FilesFound = {
  changed: [],
  added: [],
  broken: [],
  missing: [],
  removed: [],
  strange: [],
  unchanged: names.length,
};

async function withStore<T>(use: (store: ZoneStore) => Promise<T> | T): Promise<T> {
  const store = await ZoneStore.open(folder, { log });
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

/**
 * The zones at serial 1, confirmed, and the store closed: what follows happens while nothing runs. Returns their files.
 */
async function settled(): Promise<(name: ZoneName) => string> {
  return withStore(async (store) => {
    await store.write(names.map((name) => ({ valid: version(name, 1), owner: 'ann' })));
    await store.confirm(names.map((name) => ({ name, serial: 1 })));
    return (name) => store.fileOf(name);
  });
}

/** What opening the store finds. */
const foundAtStart = (): Promise<FilesFound | undefined> => withStore((store) => store.edits.last);

describe('a start', () => {
  test('finds nothing where nobody touched a file', async () => {
    await settled();
    expect(await foundAtStart()).toEqual(nothing);
  });

  test('finds a changed, a broken and a missing file, and keeps all zones', async () => {
    const fileOf = await settled();
    writeFileSync(fileOf(a), text(1, '192.0.2.9'));
    writeFileSync(fileOf(odd), text(2).replace('www A', 'www AAAAA'));
    rmSync(fileOf(b));
    await withStore((store) => {
      expect(store.edits.last).toEqual({
        ...nothing,
        changed: [a],
        broken: [{ zone: odd, why: expect.stringMatching(/line 4/) as string }],
        missing: [b],
        unchanged: 0,
      });
      expect(store.size).toBe(3);
      expect(store.edits.damaged().map(({ zone }) => zone)).toEqual([b, odd]);
      expect(names.map((name) => store.edits.version(name))).toEqual([undefined, undefined, undefined]);
      expect(store.read(a)?.toString()).toBe(text(1, '192.0.2.9'));
    });
  });

  test('finds a file that an editor replaced by another of the same size', async () => {
    const fileOf = await settled();
    writeFileSync(join(folder, 'edited'), text(1, '192.0.2.2'));
    renameSync(join(folder, 'edited'), fileOf(a));
    expect(await foundAtStart()).toMatchObject({ changed: [a], unchanged: 2 });
  });

  test('finds an older file that was copied back with its time', async () => {
    const fileOf = await settled();
    copyFileSync(fileOf(a), join(folder, 'backup'));
    writeFileSync(join(folder, 'backup'), text(1, '192.0.2.2'));
    utimesSync(join(folder, 'backup'), 1_000_000, 1_000_000);
    cpSync(join(folder, 'backup'), fileOf(a), { preserveTimestamps: true });
    expect(await foundAtStart()).toMatchObject({ changed: [a] });
  });

  test('takes a file with other spelling of the same records as what it was, and reads it once only', async () => {
    const fileOf = await settled();
    appendFileSync(fileOf(a), '; a comment\n');
    expect(await foundAtStart()).toEqual(nothing);
    // Unreadable as a zone, at the time and size that were seen: a start that read it again would see that.
    const { mtimeMs, size } = statSync(fileOf(a));
    writeFileSync(fileOf(a), 'x'.repeat(size));
    utimesSync(fileOf(a), mtimeMs / 1_000, mtimeMs / 1_000);
    const { mtimeMs: again } = statSync(fileOf(a));
    if (again === mtimeMs) expect(await foundAtStart()).toEqual(nothing);
    await withStore(async (store) => {
      expect((await store.edits.scan({ every: true })).broken).toMatchObject([{ zone: a }]);
    });
  });

  test('tells new files, those of removed zones and those in a wrong place apart', async () => {
    const fileOf = await settled();
    const fresh = zoneName('new.example');
    await withStore((store) => store.remove([{ name: b }], 'ann'));
    writeFileSync(fileOf(fresh), text(1));
    writeFileSync(fileOf(b), text(1));
    const wrong = dirname(fileOf(fresh)) === dirname(fileOf(a)) ? fileOf(b) : fileOf(a);
    const strange = [join(dirname(wrong), 'new.example'), join(dirname(fileOf(a)), 'a.example~')];
    for (const file of strange) writeFileSync(file, text(1));
    await withStore((store) => {
      const found = store.edits.last;
      expect(found).toMatchObject({ added: [fresh], removed: [b], unchanged: 2 });
      expect(new Set(found?.strange)).toEqual(new Set(strange));
      expect(store.get(fresh)).toBeUndefined();
    });
  });
});

describe('a look at every file', () => {
  test('finds an edit that left time and size as they were', async () => {
    const fileOf = await settled();
    await withStore(async (store) => {
      const { mtimeMs } = statSync(fileOf(a));
      // As many octets, put back to the very time: stands for an edit within one tick of the clock.
      for (let seconds = mtimeMs / 1_000, tries = 0; tries < 2_000; tries++, seconds += 1e-7) {
        writeFileSync(fileOf(a), text(1, '192.0.2.7'));
        utimesSync(fileOf(a), seconds, seconds);
        if (statSync(fileOf(a)).mtimeMs === mtimeMs) break;
      }
      expect(await store.edits.scan({ every: true })).toMatchObject({ changed: [a], unchanged: 2 });
      expect(store.edits.text(a)?.toString()).toBe(text(1, '192.0.2.7'));
      expect(store.edits.text(b)).toBeUndefined();
    });
  });

  test('tells of what is written meanwhile that it is as it should be', async () => {
    await settled();
    await withStore(async (store) => {
      const looking = store.edits.scan({ every: true });
      await store.write([{ valid: version(zoneName('later.example'), 1), owner: 'root' }]);
      await store.remove([{ name: b }], 'ann');
      expect(await looking).toMatchObject({ changed: [], broken: [], missing: [], added: [] });
    });
  });
});

describe('a file that was changed by hand', () => {
  test('is no version to go back to: what replaces it and is refused stays, and the zone is where it was, without text', async () => {
    const fileOf = await settled();
    await withStore(async (store) => {
      writeFileSync(fileOf(a), text(1, '192.0.2.9'));
      await store.write([{ valid: version(a, 2), owner: 'ann' }]);
      expect(await store.rollback([{ name: a, serial: 2, why: 'too wide' }])).toEqual([a]);
      expect(store.get(a)).toMatchObject({ serial: 1, owner: 'ann' });
      expect(store.edits.version(a)).toBeUndefined();
      expect(store.edits.broken()).toEqual([{ zone: a, why: 'the nameserver refused it: too wide' }]);
      expect(readFileSync(fileOf(a), 'utf8')).toBe(text(2));
    });
    // And so it is after a restart, until somebody saves the zone.
    await withStore(async (store) => {
      expect(store.get(a)?.serial).toBe(1);
      expect(store.edits.last?.changed).toEqual([a]);
      await store.write([{ valid: version(a, 3), owner: 'ann' }]);
      expect(store.edits.version(a)?.toString()).toBe(text(3));
    });
    expect(await foundAtStart()).toEqual(nothing);
  });

  test('that is new and refused stays on disk, and no zone of it remains', async () => {
    await settled();
    const fresh = zoneName('new.example');
    await withStore(async (store) => {
      writeFileSync(store.fileOf(fresh), text(1));
      await store.write([{ valid: version(fresh, 1), owner: 'root', found: true }]);
    });
    await withStore(async (store) => {
      expect(await store.rollback([{ name: fresh, serial: 1 }])).toEqual([fresh]);
      expect(store.get(fresh)).toBeUndefined();
      expect(store.tombstone(fresh)).toBeUndefined();
      expect(readFileSync(store.fileOf(fresh), 'utf8')).toBe(text(1));
    });
  });

  test('on top of an unconfirmed version goes back to the confirmed one', async () => {
    const fileOf = await settled();
    await withStore(async (store) => {
      await store.write([{ valid: version(a, 2), owner: 'ann' }]);
      writeFileSync(fileOf(a), text(3, '192.0.2.9'));
      await store.write([{ valid: version(a, 4), owner: 'ann' }]);
      await store.rollback([{ name: a, serial: 4 }]);
      expect(store.edits.version(a)?.toString()).toBe(text(1));
    });
  });
});

describe('after a crash', () => {
  /** The folder as a crash leaves it: changes are in the journal, the index knows nothing of them. */
  async function crashed(edit: (fileOf: (name: ZoneName) => string) => void): Promise<void> {
    const fileOf = await settled();
    const copy = `${folder}.copy`;
    await withStore(async (store) => {
      await store.write(names.map((name) => ({ valid: version(name, 2), owner: 'ann' })));
      await store.confirm(names.map((name) => ({ name, serial: 2 })));
      await store.write(names.map((name) => ({ valid: version(name, 3), owner: 'ann' })));
      cpSync(folder, copy, { recursive: true, preserveTimestamps: true });
    });
    rmSync(folder, { recursive: true });
    renameSync(copy, folder);
    edit(fileOf);
  }

  test('the journal does not overwrite what a person wrote since', async () => {
    await crashed((fileOf) => writeFileSync(fileOf(a), text(3, '192.0.2.9')));
    await withStore(async (store) => {
      expect(store.edits.last).toEqual({ ...nothing, changed: [a], unchanged: 2 });
      expect(store.edits.text(a)?.toString()).toBe(text(3, '192.0.2.9'));
      await store.rollback([{ name: b, serial: 3 }]);
      expect(store.edits.version(b)?.toString()).toBe(text(2));
    });
  });

  test('it does overwrite what the crash left: an empty file, an older version, a torn one', async () => {
    await crashed((fileOf) => {
      const { atime, mtime } = statSync(fileOf(b));
      writeFileSync(fileOf(a), '');
      writeFileSync(fileOf(b), text(3).slice(0, 40));
      utimesSync(fileOf(b), atime, new Date(mtime.getTime() - 10));
      writeFileSync(fileOf(odd), text(2));
    });
    await withStore((store) => {
      expect(store.edits.last).toEqual(nothing);
      for (const name of names) expect(store.edits.version(name)?.toString()).toBe(text(3));
    });
  });
});

test('an index from before files were stamped is taken up by reading them once', async () => {
  await settled();
  const index = join(folder, 'index');
  const { crc32 } = await import('node:zlib');
  const body = readFileSync(index, 'utf8')
    .replace(/end [0-9]+\n$/, '')
    .replace(/,\[[0-9.]+,[0-9]+,[0-9]+\]\]$/gm, ']');
  expect(body).not.toContain('[1');
  writeFileSync(index, `${body}end ${crc32(Buffer.from(body))}\n`);
  expect(await foundAtStart()).toEqual(nothing);
  expect(readFileSync(index, 'utf8')).toMatch(/,\[[0-9.]+,[0-9]+,[0-9]+\]\]/);
});

describe('among the zone files', () => {
  const secret = 'root:x:0:0:not to be told';
  const outside = (): string => join(folder, 'outside');
  beforeEach(async () => {
    await withStore((store) => store.write([version(a, 1), version(b, 1)].map((valid) => ({ valid, owner: 'root' }))));
    mkdirSync(outside());
    for (const file of ['target', '.hidden']) writeFileSync(join(outside(), file), `${secret}\n`);
  });

  test.each([
    ['a symbolic link', (path: string) => symlinkSync(join(outside(), 'target'), path)],
    ['a pipe', (path: string) => void execFileSync('mkfifo', [path])],
    ['a folder', (path: string) => mkdirSync(path)],
  ])('%s is no zone file: it is named, not read, and nothing else waits for it', async (_, put) => {
    const lines: string[] = [];
    const noted = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
    await withStore((store) => rmSync(store.fileOf(a)));
    const store = await ZoneStore.open(folder, { log: noted });
    put(store.fileOf(a));
    const found = await store.edits.scan({ every: true });
    expect(found).toMatchObject({ missing: [a], strange: [store.fileOf(a)], unchanged: 1, broken: [] });
    expect(store.read(a)).toBeUndefined();
    expect(store.edits.damaged()).toEqual([{ zone: a, why: 'its file is missing' }]);
    await store.close();
    expect(lines.join('')).toContain('missing');
    expect(lines.join('')).not.toContain('not to be told');
  });

  test('a symbolic link is replaced by what is saved, and removed with the zone; where it leads stays as it was', async () => {
    await withStore(async (store) => {
      for (const name of [a, b]) {
        rmSync(store.fileOf(name));
        symlinkSync(join(outside(), 'target'), store.fileOf(name));
      }
      await store.write([{ valid: version(a, 2), owner: 'root' }]);
      expect(store.read(a)?.toString()).toBe(text(2));
      await store.remove([{ name: b }], 'root');
      expect(existsSync(store.fileOf(b))).toBe(false);
    });
    expect(readFileSync(join(outside(), 'target'), 'utf8')).toBe(`${secret}\n`);
  });

  test.each(['zones/00', 'previous', 'by-hand'])('%s may be no link: it would have the files elsewhere removed', async (part) => {
    rmSync(join(folder, part), { recursive: true });
    symlinkSync(outside(), join(folder, part));
    await expect(ZoneStore.open(folder, { log })).rejects.toMatchObject({ code: 'zone_folder_linked' });
    expect(existsSync(join(outside(), '.hidden'))).toBe(true);
  });
});
