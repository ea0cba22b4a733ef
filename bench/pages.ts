import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import { SELF } from '../src/access/principal.js';
import type { HostUser } from '../src/host/host-panel.js';
import { createPlugin, zoneName } from '../src/plugin.js';
import { hostingZones } from '../test/hosting-zones.js';
import { median } from './figures.js';

/*
 * How long the pages take on the server's side with many zones and members: the real plugin on a real folder, members that take
 * everything at once, so that nothing but the pages is measured. `node build/bench/pages.js [zones] [members]`
 */
const ZONES = Number(process.argv[2] ?? 20_000);
const MEMBERS = Number(process.argv[3] ?? 60);
const TIMES = 21;
const BATCH = 2_500;

/** A member type as an operator writes one: it agrees to everything. */
const AGREEABLE = `
export const memberType = {
  type: 'agreeable',
  label: 'Agreeable',
  fields: [{ name: 'username', label: 'Host', type: 'text' }],
  create: ({ username }) => ({
    batch: 10000,
    probe: async () => ({ version: '1', hostname: username }),
    zoneList: async () => [],
    zones: async () => new Map(),
    zoneExists: async () => false,
    push: async (changes) => changes.map(({ name }) => ({ name, outcome: 'done' })),
    close: async () => {},
  }),
};
`;

const folder = await mkdtemp(join(tmpdir(), 'bench-pages-'));
await writeFile(join(folder, 'agreeable.mjs'), AGREEABLE);
const root: HostUser = { user: 'root', kind: 'root', privileges: ['all'], sessionId: 's' };
const plugin = createPlugin(
  { name: 'bench', identify: () => root, users: () => [root] },
  {
    ...{ folder: join(folder, 'data'), hostname: 'web.example', memberTypes: [join(folder, 'agreeable.mjs')] },
    nameserver: { kind: 'embedded', host: '127.0.0.1', port: 0 },
  },
);
await plugin.start();
const app = express();
app.use('/clusters/dns', plugin.pages);
const server = createServer(app).listen(0, '127.0.0.1');
await once(server, 'listening');
const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/clusters/dns`;

const zones = hostingZones(ZONES).map(({ name, text }) => ({ name: zoneName(name), text: Buffer.from(text) }));
for (let at = 0; at < zones.length; at += BATCH) await plugin.cluster.zones.saveMany(zones.slice(at, at + BATCH), SELF);
for (let i = 0; i < MEMBERS; i++) {
  const values = { username: `ns${i}.example` };
  await plugin.cluster.members.add({ type: 'agreeable', role: 'write-only', values }, SELF);
}
while (plugin.cluster.members.list(SELF).some(({ pending }) => pending > 0))
  await new Promise((resolve) => setTimeout(resolve, 200));

const [{ id } = { id: '' }] = plugin.cluster.members.list(SELF);
const zone = zones[7]?.name ?? '';
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
    const answer = await fetch(base + page);
    size = (await answer.arrayBuffer()).byteLength;
    if (answer.status !== 200) throw new Error(`${page} answered ${answer.status}`);
    times.push(performance.now() - start);
  }
  rows.push({ page, milliseconds: Math.round(median(times) * 10) / 10, kibibytes: Math.round(size / 1024) });
}
console.table(rows);
process.stdout.write(`${JSON.stringify({ zones: ZONES, members: MEMBERS, rows })}\n`);
server.closeAllConnections();
server.close();
await plugin.stop();
await rm(folder, { recursive: true, force: true });
