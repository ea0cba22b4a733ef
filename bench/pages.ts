import { SELF } from '../src/access/principal.js';
import { median } from './figures.js';
import { ManyZones } from './many-zones.js';

/*
 * How long the pages take on the server's side with many zones and members. `node build/bench/pages.js [zones]
 * [members]`
 */
const ZONES = Number(process.argv[2] ?? 20_000);
const MEMBERS = Number(process.argv[3] ?? 60);
const TIMES = 21;

const many = await ManyZones.start();
await many.grow(ZONES);
for (let i = 0; i < MEMBERS; i++) await many.addMember(`ns${i}.example`);
await many.settled();

const [{ id } = { id: '' }] = many.plugin.cluster.members.list(SELF);
const zone = many.names[7] ?? '';
const rows: { page: string; milliseconds: number; kibibytes: number }[] = [];
for (const page of [
  '/',
  '/zones',
  '/zones?search=9',
  `/zones?page=${ZONES / 50}`,
  `/zone/${zone}`,
  `/zone/${zone}/records`,
  `/member/${id}`,
  '/synchronize',
  '/activity',
  '/tokens',
]) {
  const times: number[] = [];
  let size = 0;
  for (let i = 0; i < TIMES; i++) {
    const start = performance.now();
    size = await many.page(page);
    times.push(performance.now() - start);
  }
  rows.push({ page, milliseconds: Math.round(median(times) * 10) / 10, kibibytes: Math.round(size / 1024) });
}
console.table(rows);
process.stdout.write(`${JSON.stringify({ zones: ZONES, members: MEMBERS, rows })}\n`);
await many.stop();
