import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Backlog } from '../../../src/cluster/delivery/backlog.js';
import { parseLedgerEntry, type LedgerEntry } from '../../../src/cluster/delivery/ledger.js';
import { HostsSeen } from '../../../src/cluster/local/hosts-seen.js';
import { createLog } from '../../../src/operations/log.js';
import { AppendTable } from '../../../src/state/append-table.js';
import { validateZone } from '../../../src/zones/validation.js';
import { zoneName } from '../../../src/zones/zone-name.js';
import { ZoneStore } from '../../../src/zones/zone-store.js';
import { stepsOf } from '../../steps.js';
import { zoneNames, zoneText } from '../zone-texts.js';

const log = createLog({ level: 'silent' });
const NAME = zoneName('a.example');
/** A member that holds every account's zones, of which none came by another server. */
const OF_ALL = { record: { serves: () => true }, versions: { here: 'web', hostsSeen: new HostsSeen() } };
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
  const backlog = new Backlog({ store, ledger, ...OF_ALL });
  await backlog.compareAll();
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
  const backlog = new Backlog({ store, ledger, ...OF_ALL });
  await backlog.compareAll();
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
])('a zone that was set aside is tried again a minute later, also when the clock is set %s', async (_, by) => {
  const backlog = new Backlog({ store, ledger, ...OF_ALL });
  await backlog.compareAll();
  expect(backlog.ready).toBe(1);
  backlog.setAside(NAME, 'refused there', store.get(NAME)?.digest);
  vi.setSystemTime(Date.now() + by);
  expect([backlog.ready, backlog.untilRetry()]).toEqual([0, MINUTE]);
  vi.advanceTimersByTime(MINUTE);
  expect(backlog.ready).toBe(1);
});

test.each([0, 60_000])(
  'tells since when the first zone waits, also where later ones came %i ms before by the clock',
  async (back) => {
    const backlog = new Backlog({ store, ledger, ...OF_ALL });
    ledger.set('removed.example', { digest: '', serial: 1, servedAt: 0 });
    await backlog.compareAll();
    const first = Date.now();
    vi.setSystemTime(first - back);
    // Looked at again, and set aside and back, it waits no less long than what came meanwhile.
    backlog.compare(NAME);
    expect(backlog.oldest).toBe(first);
    backlog.setAside(NAME, 'refused there', store.get(NAME)?.digest);
    expect([backlog.oldest, backlog.size, backlog.ready]).toEqual([undefined, 1, 0]);
    vi.advanceTimersByTime(MINUTE);
    expect([backlog.ready, backlog.size, backlog.oldest]).toEqual([1, 1, first - back + MINUTE]);
  },
);

test('every figure costs the same among few zones and among many that wait, are refused, or wait to be removed', async () => {
  const stepsAmong = async (count: number): Promise<number[]> => {
    const removed = Array.from({ length: count }, (_, i) => zoneName(`removed-${count}-${i}.example`));
    const refused = Array.from({ length: count }, (_, i) => zoneName(`refused-${count}-${i}.example`));
    const all = [...removed, ...refused];
    const table = await AppendTable.open(join(folder, `ledger-${count}`), { parse: parseLedgerEntry, log });
    try {
      await table.setMany(all.map((name) => [name, { digest: '', serial: 1, servedAt: 0 }]));
      await store.writeTombstones(
        all.map((name) => ({ name, serial: 1 })),
        'root',
      );
      const backlog = new Backlog({ store, ledger: table, ...OF_ALL });
      await backlog.compareAll();
      for (const name of refused) backlog.setAside(name, 'refused there', undefined);
      expect([backlog.size, backlog.ready, backlog.heldBackCount]).toEqual([2 * count + 1, 1, count]);
      const [name = NAME] = removed;
      return [
        stepsOf(() => backlog.size),
        stepsOf(() => backlog.ready),
        stepsOf(() => backlog.oldest),
        stepsOf(() => backlog.heldBackCount),
        stepsOf(() => backlog.heldBackRemovals(10)),
        stepsOf(() => backlog.isHeldBack(name)),
        stepsOf(() => backlog.refused(10)),
        stepsOf(() => backlog.untilRetry()),
        stepsOf(() => backlog.compare(name)),
      ];
    } finally {
      await table.close();
    }
  };
  expect(await stepsAmong(5_000)).toEqual(await stepsAmong(50));
});
