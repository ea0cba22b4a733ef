import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { createLog } from '../../src/operations/log.js';
import { AppendTable } from '../../src/state/append-table.js';
import { JsonState } from '../../src/state/json-state.js';
import { validateZone } from '../../src/zones/validation.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { ZoneStore } from '../../src/zones/zone-store.js';

const WRITER = fileURLToPath(new URL('writer.mjs', import.meta.url));
const log = createLog({ level: 'silent' });

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dns-cluster-kill-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What a killed writer had said: what was acknowledged, and what was begun and perhaps not. 0 stands for "removed". */
class Journal {
  readonly acknowledged = new Map<string, number>();
  readonly begun = new Map<string, number>();
  readonly removed = new Set<string>();
  last = 0;

  read(line: string): void {
    const said = JSON.parse(line) as { begin?: Record<string, number>; done?: Record<string, number> };
    for (const [key, value] of Object.entries(said.begin ?? {})) this.begun.set(key, value);
    for (const [key, value] of Object.entries(said.done ?? {})) {
      this.acknowledged.set(key, value);
      this.begun.delete(key);
      if (value === 0) this.removed.add(key);
      this.last = Math.max(this.last, value);
    }
  }

  /** Is that what must be there, or what a change in the last moment made of it? */
  allows(key: string, value: number): boolean {
    return value === (this.acknowledged.get(key) ?? 0) || value === this.begun.get(key);
  }

  /** What was found is from now on what must be there. */
  settle(key: string, value: number): void {
    this.acknowledged.set(key, value);
    this.begun.delete(key);
  }
}

/** Starts a writer and kills it in the middle, some milliseconds after its first words. */
async function writeAndKill(kind: string, place: string, journal: Journal, after: number): Promise<void> {
  const child = spawn(process.execPath, [WRITER, kind, place, String(journal.last + 1_000)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface(child.stdout);
  const read = once(lines, 'close');
  lines.on('line', (line) => journal.read(line));
  await once(lines, 'line');
  await pause(after);
  child.kill('SIGKILL');
  await read;
  expect(child.exitCode).toBeNull();
}

const ROUNDS = Array.from({ length: 12 }, (_, i) => (i * 37) % 190);

test('a zone store killed at any moment holds every acknowledged change, whole and with the right digest', async () => {
  const journal = new Journal();
  mkdirSync(folder, { recursive: true });
  let tried = 0;
  for (const after of ROUNDS) {
    await writeAndKill('store', folder, journal, after);
    const store = await ZoneStore.open(folder, { log });
    expect(store.edits.missing()).toEqual([]);
    for (const key of new Set([...journal.acknowledged.keys(), ...journal.begun.keys()])) {
      const name = zoneName(key);
      const serial = store.get(name)?.serial ?? 0;
      expect(
        journal.allows(key, serial),
        `${key} is at ${serial}, acknowledged: ${journal.acknowledged.get(key)}`,
      ).toBe(true);
      if (serial === 0) expect(store.read(name)).toBeUndefined();
      else expect(validateZone(name, store.read(name) ?? Buffer.of()).digest).toBe(store.get(name)?.digest);
      if (journal.removed.has(key)) expect(store.tombstone(name)).toBeDefined();
      journal.settle(key, serial);
      tried++;
    }
    await store.close();
    // Nothing heaps up from one kill to the next.
    expect(readdirSync(folder).filter((entry) => entry.endsWith('.tmp'))).toEqual([]);
    expect(readdirSync(folder).filter((entry) => entry.startsWith('journal.')).length).toBeLessThanOrEqual(2);
  }
  expect(tried).toBeGreaterThan(200);
});

test('an append-only table killed at any moment holds every acknowledged entry', async () => {
  const journal = new Journal();
  const place = join(folder, 'table');
  for (const after of ROUNDS) {
    await writeAndKill('table', place, journal, after);
    const table = await AppendTable.open(place, { parse: Number, log });
    for (const key of new Set([...journal.acknowledged.keys(), ...journal.begun.keys()])) {
      const value = table.get(key) ?? 0;
      expect(journal.allows(key, value), `${key} is ${value}`).toBe(true);
      journal.settle(key, value);
    }
    await table.close();
    // A torn tail is no damage.
    expect(readdirSync(folder)).toEqual(['table']);
  }
  expect(journal.acknowledged.size).toBe(20);
});

test('a state file killed at any moment is the last acknowledged version, or the one that was being written', async () => {
  const journal = new Journal();
  const place = join(folder, 'state.json');
  const schema = z.object({ serial: z.number(), filling: z.string() });
  for (const after of ROUNDS) {
    await writeAndKill('state', place, journal, after);
    const state = await JsonState.open(place, { schema, defaults: () => ({ serial: 0, filling: '' }) });
    expect(journal.allows('serial', state.data.serial)).toBe(true);
    journal.settle('serial', state.data.serial);
    await state.close();
    expect(state.loss).toBeUndefined();
    // Killed before it wrote anything.
    if (state.data.serial === 0 && readdirSync(folder).length === 0) continue;
    expect(readFileSync(`${place}.bak`)).toEqual(readFileSync(place));
    expect(readdirSync(folder).sort()).toEqual(['state-record', 'state.json', 'state.json.bak']);
  }
});
