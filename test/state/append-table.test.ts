import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createLog } from '../../src/operations/log.js';
import { AppendTable } from '../../src/state/append-table.js';
import { mayMount, SmallDisk } from '../small-disk.js';
import { mostInOneTurn } from '../turns.js';

const log = createLog({ level: 'silent' });
let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'append-table-'));
  file = join(folder, 'table');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function open(at = file): Promise<AppendTable<number>> {
  const parse = (value: unknown): number => {
    if (typeof value !== 'number') throw new Error('not a number');
    return value;
  };
  return AppendTable.open(at, { parse, log });
}

async function content(at = file): Promise<Record<string, number>> {
  const table = await open(at);
  await table.close();
  return Object.fromEntries(table.entries());
}

async function write(entries: Record<string, number>): Promise<void> {
  const table = await open();
  await table.setMany(Object.entries(entries));
  await table.close();
}

describe('an append-only table', () => {
  test('holds after a restart what was set, without what was deleted', async () => {
    const table = await open();
    table.set('a', 1);
    table.set('b', 2);
    table.set('a', 3);
    table.delete('b');
    table.delete('never there');
    await table.close();
    expect(await content()).toEqual({ a: 3 });
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test('is on disk after flush', async () => {
    const table = await open();
    table.set('a', 1);
    await table.flush();
    expect(await content()).toEqual({ a: 1 });
    await table.close();
  });

  test('cut at any octet loses nothing that came before the cut, and goes on', async () => {
    await write({ a: 1, bb: 2, 'c\n"ü': 3 });
    const whole = readFileSync(file);
    const ends = [...whole.keys()].filter((i) => whole[i] === 10);
    for (let cut = 0; cut <= whole.length; cut++) {
      writeFileSync(file, whole.subarray(0, cut));
      expect(Object.keys(await content()).length, `cut at ${cut}`).toBe(ends.filter((end) => end < cut).length);
      await write({ later: 9 });
      expect(await content()).toMatchObject({ later: 9 });
    }
    expect(readdirSync(folder)).toEqual(['table']);
  });

  test('with damage in the middle is set aside, and its sound lines are kept', async () => {
    await write({ a: 1, b: 2, c: 3 });
    const damaged = readFileSync(file, 'utf8').replace('["b",2]', '["b",7]');
    writeFileSync(file, damaged);
    expect(await content()).toEqual({ a: 1, c: 3 });
    const aside = readdirSync(folder).find((entry) => entry.startsWith('table.damaged-')) ?? '';
    expect(readFileSync(join(folder, aside), 'utf8')).toBe(damaged);
    await write({ d: 4 });
    expect(await content()).toEqual({ a: 1, c: 3, d: 4 });
    expect(readdirSync(folder)).toHaveLength(2);
  });

  test('drops a value that is not one, as damage', async () => {
    await write({ a: 1 });
    const table = await AppendTable.open<string>(file, { parse: String, log });
    table.set('b', 'text');
    await table.close();
    expect(await content()).toEqual({ a: 1 });
  });

  test('is written anew when most of its lines are outdated, and loses nothing that is set meanwhile', async () => {
    const table = await open();
    for (let round = 0; round < 60; round++) {
      for (let key = 0; key < 50; key++) table.set(String(key), round * 100 + key);
      if (round % 3 === 0) await table.setMany([[`late-${round}`, round]]);
      if (round % 5 === 0) void table.flush();
    }
    await table.close();
    const expected = Object.fromEntries(table.entries());
    expect(Object.keys(expected)).toHaveLength(70);
    expect(await content()).toEqual(expected);
    const lines = readFileSync(file, 'utf8').split('\n').length;
    expect(lines).toBeLessThan(70 + 1_000 + 100);
  });

  test('loses what a killed writer left half written beside it', async () => {
    writeFileSync(`${file}.0123456789ab.tmp`, 'half');
    await write({ a: 1 });
    expect(readdirSync(folder)).toEqual(['table']);
  });

  test.skipIf(!mayMount())(
    'on a full disk says so, and once there is room holds all that was set, undamaged',
    async () => {
      const disk = SmallDisk.mount(256 * 1024);
      try {
        const at = join(disk.folder, 'table');
        const table = await open(at);
        disk.fill();
        const entries = Array.from({ length: 20_000 }, (_, i): [string, number] => [`key-${i}`, i]);
        await expect(table.setMany(entries)).rejects.toThrow('ENOSPC');
        await expect(table.setMany([['one more', 1]])).rejects.toThrow('ENOSPC');
        for (const [key] of entries.slice(100)) table.delete(key);
        disk.empty();
        await table.close();
        expect(await content(at)).toEqual({ ...Object.fromEntries(entries.slice(0, 100)), 'one more': 1 });
        expect(readdirSync(disk.folder)).toEqual(['table']);
      } finally {
        disk.unmount();
      }
    },
  );

  test('agrees with a map after any run of sets, deletes, writes, restarts and torn tails', async () => {
    const key = fc.constantFrom('a', 'b', 'c', 'ü');
    const step = fc.oneof(
      fc.record({ kind: fc.constant('set' as const), key, value: fc.integer() }),
      fc.record({ kind: fc.constant('delete' as const), key }),
      fc.record({ kind: fc.constantFrom('flush' as const, 'reopen' as const, 'torn' as const) }),
    );
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const at = join(folder, `run-${run++}`);
        const model = new Map<string, number>();
        let table = await open(at);
        for (const one of steps) {
          if (one.kind === 'set') {
            model.set(one.key, one.value);
            table.set(one.key, one.value);
          } else if (one.kind === 'delete') {
            model.delete(one.key);
            table.delete(one.key);
          } else if (one.kind === 'flush') await table.flush();
          else {
            await table.close();
            if (one.kind === 'torn') appendFileSync(at, '0123abcd ["a",');
            table = await open(at);
          }
          expect(new Map(table.entries())).toEqual(model);
        }
        await table.close();
        expect(new Map(Object.entries(await content(at)))).toEqual(model);
      }),
      { numRuns: 60 },
    );
  });
});

test('a table of 20,000 entries is written anew in short turns of the event loop, and what is set meanwhile is kept', async () => {
  const table = await open();
  const keys = Array.from({ length: 20_000 }, (_, i) => `key-${i}`);
  const all = (value: number): [string, number][] => keys.map((key) => [key, value]);
  await table.setMany(all(1));
  await table.setMany(all(2));
  const size = statSync(file).size;
  // The next lines are more than the table has: it is written anew.
  for (const [key, value] of all(3)) table.set(key, value);
  const { mock } = vi.spyOn(JSON, 'stringify');
  const most = await mostInOneTurn(
    () => {
      const written = table.flush();
      setImmediate(() => table.set('meanwhile', 4));
      return written;
    },
    () => mock.calls.length,
  );
  const lines = mock.calls.length;
  vi.restoreAllMocks();
  expect(lines).toBeGreaterThanOrEqual(keys.length);
  expect(most).toBeLessThanOrEqual(1_000);
  await table.close();
  expect(statSync(file).size).toBeLessThan(size);
  expect(await content()).toEqual({ ...Object.fromEntries(all(3)), meanwhile: 4 });
});
