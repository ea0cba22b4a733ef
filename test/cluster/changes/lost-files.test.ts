import { mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LostFiles } from '../../../src/cluster/changes/lost-files.js';
import { createLog } from '../../../src/operations/log.js';
import { ZoneFiles } from '../../../src/zones/zone-files.js';
import { ZoneIndex } from '../../../src/zones/zone-index.js';
import { ZoneStore } from '../../../src/zones/zone-store.js';
import { mostInOneTurn } from '../../turns.js';
import { Audit } from '../../../src/cluster/model/audit.js';
import { ClusterNode, NO_AUDIT } from '../cluster-node.js';
import { ROOT, zoneNames } from '../zone-texts.js';

const log = createLog({ level: 'silent' });
const ZONES = 20_000;
/** Milliseconds a turn. */
const LONGEST = 20;

let folder: string;
let web: ClusterNode;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lost-files-'));
  web = await ClusterNode.start('web');
});
afterEach(async () => {
  vi.restoreAllMocks();
  await web.end();
  rmSync(folder, { recursive: true, force: true });
});

/** Counts the looks at files, by a clock on which each takes a millisecond and nothing else any time. */
function slowDisk(): () => number {
  const { mock } = vi.spyOn(ZoneFiles.prototype, 'stat');
  const looked = (): number => mock.calls.length;
  vi.spyOn(performance, 'now').mockImplementation(looked);
  return looked;
}

test('of 20,000 zones, missing files are looked for and restored in short turns of the event loop', async () => {
  const names = zoneNames(ZONES);
  const index = new ZoneIndex();
  for (const name of names) index.set({ name, serial: 1, digest: '', owner: 'root', modified: 1 });
  await index.write(join(folder, 'index'));
  const looked = slowDisk();
  let store: ZoneStore | undefined;
  const opened = await mostInOneTurn(async () => {
    store = await ZoneStore.open(folder, { log });
  }, looked);
  if (store === undefined) throw new Error('the store was not opened');
  expect(store.edits.missing()).toHaveLength(ZONES);
  for (const name of names) writeFileSync(store.fileOf(name), '');
  const lost = names.slice(0, 3);
  for (const name of lost) unlinkSync(store.fileOf(name));
  const { workers, history, changes, rescan } = web.cluster['parts'];
  const audit = new Audit(NO_AUDIT);
  const files = new LostFiles({ store, workers, history, changes, rescan, audit });
  const before = looked();
  let outcomes: unknown;
  const restored = await mostInOneTurn(async () => {
    outcomes = await files.restoreAll(ROOT);
  }, looked);
  expect(looked() - before).toBe(ZONES);
  expect(outcomes).toMatchObject(lost.map((zone) => ({ zone, error: { code: 'zone_not_kept' } })));
  expect(Math.max(opened, restored)).toBeLessThanOrEqual(LONGEST);
  await store.close();
});
