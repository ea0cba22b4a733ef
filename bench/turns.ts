import { openSync, readSync } from 'node:fs';
import { SELF } from '../src/access/principal.js';
import { median, percentile } from './figures.js';
import { ManyZones } from './many-zones.js';

/*
 * What one question about a zone costs among few zones and among many that wait, and the longest turn of the event loop
 * of what goes through all zones: for so long nobody gets an answer. `node build/bench/turns.js [zones] [members]`
 *
 * A turn is measured by the clock and by the processor time of this thread, which the system counts with an error of up
 * to 4 ms: the former tells what a busy machine adds.
 */
const ZONES = Number(process.argv[2] ?? 100_000);
const MEMBERS = Number(process.argv[3] ?? 3);
const QUESTIONS = 100;
const TIMES = 51;

const round = (milliseconds: number): number => Math.round(milliseconds * 100) / 100;

interface Turns {
  what: string;
  /** All in milliseconds. */
  took: number;
  longest: number;
  /** Of the processor, in the busiest turn. */
  busiest: number;
  p99: number;
  /** Turns with more than 20 ms of the processor. */
  over: number;
}

const schedstat = openSync(`/proc/self/task/${process.pid}/schedstat`, 'r');
const figures = Buffer.alloc(128);
/** Milliseconds that this thread had the processor. `process.cpuUsage` counts others, too: they write files and collect garbage. */
function processorTime(): number {
  return Number(figures.toString('latin1', 0, readSync(schedstat, figures, 0, 128, 0)).split(' ')[0]) / 1e6;
}

/** The turns of the event loop while it is worked. */
async function turnsOf(what: string, work: () => unknown): Promise<Turns> {
  const turns: { clock: number; processor: number }[] = [];
  let last = performance.now();
  let usage = processorTime();
  const look = (): void => {
    const now = performance.now();
    const used = processorTime();
    turns.push({ clock: now - last, processor: used - usage });
    last = now;
    usage = used;
  };
  const began = last;
  let next = setImmediate(function beat() {
    look();
    next = setImmediate(beat);
  });
  await work();
  clearImmediate(next);
  look();
  const clocks = turns.map(({ clock }) => clock);
  const processor = turns.map((turn) => turn.processor);
  return {
    what,
    took: round(last - began),
    longest: round(percentile(clocks, 1)),
    busiest: round(percentile(processor, 1)),
    p99: round(percentile(clocks, 0.99)),
    over: processor.filter((milliseconds) => milliseconds > 20).length,
  };
}

const many = await ManyZones.start();
const { cluster } = many.plugin;
const down = await many.addMember('down.example');
await cluster.members.disable(down, SELF);

/** Microseconds each. */
const questions: { zones: number; 'a zone': number; 'the members': number }[] = [];
for (const zones of [1_000, 10_000, 100_000].filter((size) => size <= ZONES)) {
  await many.grow(zones);
  const name = many.names[7];
  if (name === undefined) throw new Error('there are no zones');
  const microsecondsOf = (ask: () => unknown): number => {
    const times = Array.from({ length: TIMES }, () => {
      const start = performance.now();
      for (let i = 0; i < QUESTIONS; i++) ask();
      return ((performance.now() - start) * 1_000) / QUESTIONS;
    });
    return round(median(times));
  };
  if (questions.length === 0) microsecondsOf(() => [cluster.zoneStates(name, SELF), cluster.members.list(SELF)]);
  questions.push({
    zones,
    'a zone': microsecondsOf(() => cluster.zoneStates(name, SELF)),
    'the members': microsecondsOf(() => cluster.members.list(SELF)),
  });
}
console.table(questions);

await many.grow(ZONES);
for (let i = 1; i < MEMBERS; i++) await many.addMember(`ns${i}.example`);
await cluster.members.enable(down, SELF);
await many.settled();

// The journal is folded: it is not measured with what comes.
(await cluster.holdFiles())();

const synchronize = async (): Promise<string> => {
  const job = await cluster.synchronize.start({ direction: 'all', unconfigured: false, plan: false }, SELF);
  await job.over;
  return job.id;
};
let job = await synchronize();
// What is done once for all, as reading templates, is done before.
for (const page of ['/zones', '/', `/synchronize/${job}`]) await many.page(page);
const rows: Turns[] = [];
for (const [what, work] of [
  ['nothing', () => new Promise((resolve) => setTimeout(resolve, 1_000))],
  ['page /zones', () => many.page('/zones')],
  ['page /zones?search=9', () => many.page('/zones?search=9')],
  ['page /', () => many.page('/')],
  ['a synchronization', async () => (job = await synchronize())],
  ['its result', () => many.page(`/synchronize/${job}`)],
  ['its result as CSV', () => many.page(`/synchronize/${job}/result.csv`)],
  ['its result by the API', () => many.call('synchronizejob', { job, rows: String(ZONES * MEMBERS) })],
  ['listzones by the API', () => many.call('listzones')],
  ['looking for missing files', () => cluster.files.restoreAll(SELF)],
  ['reading all files', () => cluster.files.rescan(SELF)],
  ['a drift check', () => cluster.drift.check(undefined, SELF)],
  ['a reload of all zones', () => cluster.zones.reload('all', SELF)],
  [
    'clustering off and on',
    () => cluster.settings.setClustering(false, SELF).then(() => cluster.settings.setClustering(true, SELF)),
  ],
  ['a new member', () => many.addMember('new.example').then(() => many.settled())],
  ['removing 1,000 zones', () => cluster.zones.removeMany(many.names.slice(0, 1_000), SELF)],
] as const) {
  rows.push(await turnsOf(what, work));
}
console.table(rows);
process.stdout.write(`${JSON.stringify({ zones: ZONES, members: MEMBERS, questions, turns: rows })}\n`);
await many.stop();
