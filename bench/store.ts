import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLog } from '../src/operations/log.js';
import { validateZone, type ValidZone } from '../src/zones/validation.js';
import { zoneName } from '../src/zones/zone-name.js';
import { ZoneStore } from '../src/zones/zone-store.js';
import { hostingZone } from '../test/hosting-zones.js';
import { median, percentile } from './figures.js';

/*
 * The zone store by itself, zones parsed and checked beforehand: new zones a second in batches, one change while few
 * and while many zones are held, and how long a start takes and how much memory it needs, in a process of its own.
 */
const SIZES = [1_000, 10_000, 100_000];
const BATCH = 512;
const CHANGES = 500;
const MANY_SERIALS = 2026010102;
const log = createLog({ level: 'silent' });

function zonesFrom(first: number, count: number, serial?: number): ValidZone[] {
  return Array.from({ length: count }, (_, i) => {
    const { name, text } = hostingZone(first + i, 'store', serial);
    return validateZone(zoneName(name), Buffer.from(text));
  });
}

async function writeAndConfirm(store: ZoneStore, zones: readonly ValidZone[]): Promise<number> {
  const start = performance.now();
  await store.write(zones.map((valid) => ({ valid, owner: 'root' })));
  const milliseconds = performance.now() - start;
  await store.confirm(zones);
  return milliseconds;
}

async function fill(store: ZoneStore, from: number, to: number): Promise<number> {
  let milliseconds = 0;
  for (let i = from; i < to; i += BATCH) {
    milliseconds += await writeAndConfirm(store, zonesFrom(i, Math.min(BATCH, to - i)));
  }
  return ((to - from) / milliseconds) * 1_000;
}

async function changeOneByOne(store: ZoneStore, size: number): Promise<number[]> {
  const step = Math.floor(size / CHANGES);
  const times: number[] = [];
  for (let i = 0; i < CHANGES; i++)
    times.push(await writeAndConfirm(store, zonesFrom(i * step, 1, MANY_SERIALS + size)));
  return times;
}

/** What a start costs: a process of its own, so that the memory is the store's and Node's alone. */
function start(folder: string): string {
  return execFileSync(process.execPath, [fileURLToPath(import.meta.url), folder], { encoding: 'utf8' }).trim();
}

async function reportStart(folder: string): Promise<void> {
  const before = process.memoryUsage.rss();
  const begin = performance.now();
  const store = await ZoneStore.open(folder, { log });
  const seconds = (performance.now() - begin) / 1_000;
  const megabytes = (process.memoryUsage.rss() - before) / 1024 / 1024;
  process.stdout.write(`${store.size} zones open in ${seconds.toFixed(2)} s, ${megabytes.toFixed(0)} MB more\n`);
  await store.close();
}

async function measure(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'dns-cluster-store-'));
  try {
    let held = 0;
    for (const size of SIZES) {
      const store = await ZoneStore.open(folder, { log });
      const rate = await fill(store, held, size);
      const times = await changeOneByOne(store, size);
      process.stdout.write(
        `${size} zones: ${Math.round(rate)} new zones/s in batches of ${BATCH}; one change ` +
          `p50 ${median(times).toFixed(2)} ms, p99 ${percentile(times, 0.99).toFixed(2)} ms\n`,
      );
      held = size;
      await store.close();
      process.stdout.write(`  started with journal: ${start(folder)}\n  started again:        ${start(folder)}\n`);
      rmSync(join(folder, 'index'));
      process.stdout.write(`  index rebuilt:        ${start(folder)}\n`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const folder = process.argv[2];
await (folder === undefined ? measure() : reportStart(folder));
