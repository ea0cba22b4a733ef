import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createNameserver, NAMESERVER_KINDS, type NameserverKind } from '../src/nameservers/nameserver-settings.js';
import type { Applied, Nameserver, ZoneChange } from '../src/nameservers/nameserver.js';
import { createLog } from '../src/operations/log.js';
import { freePort } from '../src/operations/ports.js';
import { zoneName } from '../src/zones/zone-name.js';
import { hostingZone } from '../test/hosting-zones.js';
import { AnswerGaps } from './answer-gaps.js';
import { percentile } from './figures.js';

/*
 * Every nameserver with its driver: many zones brought in, 100 changed, 100 removed, all asked each time; the longest
 * gap in answers for a zone that was there before; memory; a cold start with the same files; and single changes.
 * Arguments: how many zones (10,000 where absent), then kinds (all where absent). One line of JSON for each kind.
 */
const FIRST_SERIAL = 2026010101;
const SOME = 100;
const SINGLE_CHANGES = 200;
const MIB = 2 ** 20;

class Files {
  private constructor(readonly folder: string) {}

  static async make(): Promise<Files> {
    return new Files(await mkdtemp(join(tmpdir(), 'bench-zones-')));
  }

  /** Writes zone `i` with this serial, as the store does: in one of 256 folders, and put in place as a whole. */
  async write(i: number, serial: number): Promise<ZoneChange> {
    const { name, text } = hostingZone(i, 'bench', serial);
    const file = join(this.folder, (i % 256).toString(16).padStart(2, '0'), name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(`${file}.new`, text);
    await rename(`${file}.new`, file);
    return { kind: 'upsert', name: zoneName(name), file, serial, isNew: serial === FIRST_SERIAL };
  }

  writeAll(numbers: readonly number[], serial: number): Promise<ZoneChange[]> {
    return Promise.all(numbers.map((i) => this.write(i, serial)));
  }
}

function demandServed(applied: readonly Applied[]): void {
  const wrong = applied.find(({ outcome }) => outcome !== 'served');
  if (wrong !== undefined) throw new Error(`${wrong.name} is ${wrong.outcome}: ${wrong.reason ?? ''}`);
}

/** Seconds. */
async function timed(work: () => Promise<Applied[]>): Promise<number> {
  const start = performance.now();
  demandServed(await work());
  return (performance.now() - start) / 1000;
}

async function measure(kind: NameserverKind, count: number): Promise<Record<string, number | string>> {
  const files = await Files.make();
  const folder = await mkdtemp(join(tmpdir(), `bench-${kind}-`));
  const log = createLog({ level: 'silent' });
  const settings = { kind, host: '127.0.0.1', port: await freePort() };
  const nameserver = createNameserver(settings, { folder, log, version: 'bench' });
  try {
    await nameserver.start();
    const numbers = Array.from({ length: count }, (_, i) => i);
    const fresh = await files.writeAll(numbers, FIRST_SERIAL);
    const beside = await files.write(count, FIRST_SERIAL);
    demandServed(await nameserver.apply([beside]));
    const gaps = await AnswerGaps.watch(nameserver.dns, beside.name);
    const bulk = await timed(() => nameserver.apply(fresh));
    const gap = await gaps.end();
    const memory = ((await nameserver.status()).memory ?? NaN) / MIB;
    const changed = await files.writeAll(numbers.slice(0, SOME), FIRST_SERIAL + 1);
    const changing = await timed(() => nameserver.apply(changed));
    const single = await singleChanges(nameserver, files, numbers.slice(SOME, SOME + SINGLE_CHANGES));
    const gone = numbers.slice(-SOME).map((i): ZoneChange => ({ kind: 'remove', name: zoneName(hostingZone(i).name) }));
    const removing = await timed(() => nameserver.apply(gone));
    const kept = [...changed, ...single.changes, ...fresh.slice(SOME + SINGLE_CHANGES, -SOME), beside];
    demandServed(await nameserver.synchronize(kept));
    await nameserver.stop();
    const cold = await timed(async () => {
      await nameserver.start();
      return nameserver.synchronize(kept);
    });
    const { software, version } = await nameserver.status();
    return {
      server: `${software} ${version}`,
      ...rounded({ bulk, gap, changing, removing, cold, memory, p50: single.p50, p99: single.p99 }),
    };
  } finally {
    await nameserver.stop();
    await rm(folder, { recursive: true, force: true });
    await rm(files.folder, { recursive: true, force: true });
  }
}

/** One after the other, each from the file in place until it is seen served; milliseconds. */
async function singleChanges(
  nameserver: Nameserver,
  files: Files,
  numbers: readonly number[],
): Promise<{ changes: ZoneChange[]; p50: number; p99: number }> {
  const changes: ZoneChange[] = [];
  const times: number[] = [];
  for (const i of numbers) {
    const change = await files.write(i, FIRST_SERIAL + 1);
    times.push((await timed(() => nameserver.apply([change]))) * 1000);
    changes.push(change);
  }
  return { changes, p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
}

function rounded(values: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Math.round(value * 100) / 100]));
}

const [count = '10000', ...kinds] = process.argv.slice(2);
for (const kind of NAMESERVER_KINDS) {
  if (kinds.length > 0 && !kinds.includes(kind)) continue;
  process.stdout.write(`${JSON.stringify(await measure(kind, Number(count)))}\n`);
}
