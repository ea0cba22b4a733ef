import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Backlog } from '../../src/cluster/backlog.js';
import { parseLedgerEntry, type LedgerEntry } from '../../src/cluster/ledger.js';
import { createLog } from '../../src/operations/log.js';
import { AppendTable } from '../../src/state/append-table.js';
import { validateZone } from '../../src/zones/validation.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { ZoneStore } from '../../src/zones/zone-store.js';
import { zoneNames, zoneText } from './zone-texts.js';

const log = createLog({ level: 'silent' });
const NAME = zoneName('a.example');
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

let folder: string;
let store: ZoneStore;
let ledger: AppendTable<LedgerEntry>;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dns-cluster-backlog-'));
  store = await ZoneStore.open(folder, { log });
  ledger = await AppendTable.open(join(folder, 'ledger'), { parse: parseLedgerEntry, log });
  await store.write([{ valid: validateZone(NAME, zoneText(1)), owner: 'root' }]);
  vi.useFakeTimers({ toFake: ['Date', 'performance'], now: Date.parse('2026-03-01T12:00:00Z') });
});
afterEach(async () => {
  vi.useRealTimers();
  await ledger.close();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

test('a zone that was set aside goes in a call of its own, so that no other waits with it', async () => {
  const backlog = new Backlog({ store, ledger, serves: () => true, hostsSeen: () => [], here: 'web' });
  backlog.compareAll();
  backlog.setAside(NAME, 'refused there', store.get(NAME)?.digest);
  vi.advanceTimersByTime(MINUTE);
  const fresh = zoneNames(2);
  for (const name of fresh) await store.write([{ valid: validateZone(name, zoneText(1)), owner: 'root' }]);
  for (const name of fresh) backlog.compare(name);
  expect(backlog.ready).toBe(3);
  const calls = [await backlog.take(10, 1e6), await backlog.take(10, 1e6)];
  const names = calls.map((changes) => changes.map(({ name }) => name).sort());
  expect(names.sort((a, b) => a.length - b.length)).toEqual([[NAME], fresh]);
  expect(await backlog.take(10, 1e6)).toEqual([]);
});

test('a zone that is under way and does not differ any more hides none that is ready', async () => {
  const backlog = new Backlog({ store, ledger, serves: () => true, hostsSeen: () => [], here: 'web' });
  backlog.compareAll();
  expect(await backlog.take(10, 1e6)).toHaveLength(1);
  const entry = store.get(NAME);
  ledger.set(NAME, { digest: entry?.digest ?? '', serial: 1, servedAt: 0 });
  backlog.compare(NAME);
  const [other = NAME] = zoneNames(1);
  await store.write([{ valid: validateZone(other, zoneText(1)), owner: 'root' }]);
  backlog.compare(other);
  expect(backlog.ready).toBe(1);
});

test.each([
  ['back by three days', -3 * DAY],
  ['forward by three days', 3 * DAY],
])('a zone that was set aside is tried again a minute later, also when the clock is set %s', (_, by) => {
  const backlog = new Backlog({ store, ledger, serves: () => true, hostsSeen: () => [], here: 'web' });
  backlog.compareAll();
  expect(backlog.ready).toBe(1);
  backlog.setAside(NAME, 'refused there', store.get(NAME)?.digest);
  vi.setSystemTime(Date.now() + by);
  expect([backlog.ready, backlog.untilRetry()]).toEqual([0, MINUTE]);
  vi.advanceTimersByTime(MINUTE);
  expect(backlog.ready).toBe(1);
});
