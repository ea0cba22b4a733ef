import { SELF } from '../src/access/principal.js';
import { median, percentile } from './figures.js';
import { ManyZones } from './many-zones.js';

/*
 * What one question about a zone costs among few zones and among many that wait, and the longest turn of the event loop
 * of what goes through all zones: for so long nobody gets an answer. `node build/bench/turns.js [zones] [members]`
 *
 * A turn is measured by the clock and by the processor time of this process: the former tells what a busy machine adds.
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
}

/** The turns of the event loop while it is worked. */
async function turnsOf(what: string, work: () => unknown): Promise<Turns> {
  const turns: { clock: number; processor: number }[] = [];
  let last = performance.now();
  let usage = process.cpuUsage();
  const look = (): void => {
    const now = performance.now();
    const { user, system } = process.cpuUsage(usage);
    turns.push({ clock: now - last, processor: (user + system) / 1_000 });
    last = now;
    usage = process.cpuUsage();
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
  return {
    what,
    took: round(last - began),
    longest: round(percentile(clocks, 1)),
    busiest: round(Math.max(...turns.map(({ processor }) => processor))),
    p99: round(percentile(clocks, 0.99)),
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
  ['looking for missing files', () => cluster.files.restoreAll(SELF)],
  ['reading all files', () => cluster.files.rescan(SELF)],
  ['a drift check', () => cluster.drift.check(undefined, SELF)],
  [
    'clustering off and on',
    () => cluster.settings.setClustering(false, SELF).then(() => cluster.settings.setClustering(true, SELF)),
  ],
  ['a new member', () => many.addMember('new.example').then(() => many.settled())],
] as const) {
  rows.push(await turnsOf(what, work));
}
console.table(rows);
process.stdout.write(`${JSON.stringify({ zones: ZONES, members: MEMBERS, questions, turns: rows })}\n`);
await many.stop();
