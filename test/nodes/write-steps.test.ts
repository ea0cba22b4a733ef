import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test, vi } from 'vitest';
import { SELF } from '../../src/access/principal.js';
import { ClusterError, sentenceOf } from '../../src/errors.js';
import { parseName } from '../../src/dns/name.js';
import { DnsClient } from '../../src/dns/messages/query.js';
import { verifyAudit } from '../../src/operations/audit-chain.js';
import { auditFiles } from '../../src/operations/audit-log.js';
import { createLog } from '../../src/operations/log.js';
import { startNode, type RunningNode } from '../../src/panel/node.js';
import { AppendTable } from '../../src/state/append-table.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { ClusterNode } from '../cluster/cluster-node.js';
import { ROOT, zoneText } from '../cluster/zone-texts.js';

/*
 * A node is ended at each of its steps to the disk: each write, fsync, rename, link and removal of a scripted series.
 * What it had acknowledged must be there after a restart. CI takes a part of all steps, always the same;
 * DNS_CLUSTER_KILL=all takes them all.
 */
const HOOK = new URL('write-steps.mjs', import.meta.url).href;
const NODE = fileURLToPath(new URL('scripted-node.mjs', import.meta.url));
const ALL = process.env['DNS_CLUSTER_KILL'] === 'all';
const log = createLog({ level: 'silent' });

/** Where the process ends: before the step, when half of what it writes is written, or before it as by a power cut. */
type How = 'before' | 'half' | 'power';

type Step =
  | { do: 'start' | 'stop' }
  | { do: 'save'; zones: Record<string, string> }
  | { do: 'remove' | 'restore'; zone: string }
  | { do: 'member'; invitation: unknown }
  | { do: 'configure'; failureThreshold: number }
  | { do: 'token' | 'revoke'; name: string }
  | { do: 'user'; user: string }
  | { do: 'compact'; value: number };

/** Everything that is acknowledged by the series. */
interface Picture {
  zones: Record<string, { serial: number; address: string }>;
  removed: Record<string, number>;
  members: string[];
  failureThreshold: number;
  tokens: string[];
  users: string[];
  table: Record<string, number>;
}

const NOTHING: Picture = {
  ...{ zones: {}, removed: {}, members: [], failureThreshold: 10, tokens: [], users: [], table: {} },
};

function text(serial: number, host: number): string {
  return zoneText(serial, `192.0.2.${host}`).toString();
}

/** Some zones at once, as an import writes them. */
function batch(serial: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: 4 }, (_, i) => [`batch-${i}.example`, text(serial, serial)]));
}

function series(invitation: unknown): Step[] {
  return [
    { do: 'start' },
    { do: 'user', user: 'operator' },
    { do: 'save', zones: { 'a.example': text(1, 1) } },
    { do: 'save', zones: { 'b.example': text(1, 1) } },
    { do: 'save', zones: { 'a.example': text(2, 2) } },
    { do: 'member', invitation },
    { do: 'save', zones: batch(1) },
    { do: 'remove', zone: 'b.example' },
    { do: 'configure', failureThreshold: 3 },
    { do: 'token', name: 'one' },
    { do: 'token', name: 'two' },
    { do: 'restore', zone: 'b.example' },
    { do: 'save', zones: { ...batch(2), 'a.example': text(3, 3) } },
    { do: 'revoke', name: 'one' },
    { do: 'remove', zone: 'batch-0.example' },
    { do: 'stop' },
    { do: 'start' },
    { do: 'save', zones: { 'a.example': text(4, 4) } },
    { do: 'compact', value: 7 },
    { do: 'compact', value: 8 },
    { do: 'stop' },
  ];
}

/** What is so after a step. */
function after(before: Picture, step: Step): Picture {
  const next = structuredClone(before);
  const address = (content: string): string => /www A (\S+)/.exec(content)?.[1] ?? '';
  const serial = (content: string): number => Number(/\. (\d+) 1 1 1 1/.exec(content)?.[1]);
  if (step.do === 'save') {
    for (const [name, content] of Object.entries(step.zones)) {
      next.zones[name] = { serial: serial(content), address: address(content) };
    }
  } else if (step.do === 'remove') {
    next.removed[step.zone] = next.zones[step.zone]?.serial ?? 0;
    next.zones = Object.fromEntries(Object.entries(next.zones).filter(([name]) => name !== step.zone));
  } else if (step.do === 'restore') {
    next.zones[step.zone] = { serial: (next.removed[step.zone] ?? 0) + 1, address: '192.0.2.1' };
    next.removed = Object.fromEntries(Object.entries(next.removed).filter(([name]) => name !== step.zone));
  } else if (step.do === 'member') next.members = ['ns1'];
  else if (step.do === 'configure') next.failureThreshold = step.failureThreshold;
  else if (step.do === 'token') next.tokens = [...next.tokens, step.name];
  else if (step.do === 'revoke') next.tokens = next.tokens.filter((name) => name !== step.name);
  else if (step.do === 'user') next.users = [step.user];
  else if (step.do === 'compact') next.table = { key: step.value, other: step.value };
  return next;
}

/**
 * What a step in the middle may leave: some zones of several, each whole; the table is flushed once before it is whole.
 */
function allowed(script: readonly Step[], done: number): Picture[] {
  let picture = NOTHING;
  for (const step of script.slice(0, done)) picture = after(picture, step);
  const next = script[done];
  if (next === undefined) return [picture];
  if (next.do === 'save') {
    const zones = Object.entries(next.zones);
    const some = (count: number): Step => ({ do: 'save', zones: Object.fromEntries(zones.slice(0, count)) });
    return Array.from({ length: zones.length + 1 }, (_, count) => after(picture, some(count)));
  }
  const whole = after(picture, next);
  if (next.do !== 'compact') return [picture, whole];
  const flushed = { ...picture, table: { ...picture.table, key: next.value } };
  // Not yet flushed, a part of what was set may be there.
  const set = { ...picture, table: { ...picture.table, key: -1 } };
  return [picture, set, flushed, whole];
}

let folder = '';
let ns1: ClusterNode;
let script: Step[];

async function begin(): Promise<void> {
  folder = mkdtempSync(join(tmpdir(), 'write-steps-'));
  ns1 = await ClusterNode.start('ns1');
  script = series(await ns1.invitation('write-only', ROOT));
}

async function end(): Promise<void> {
  await ns1.end();
  for (const place of [folder, `${folder}.names`]) rmSync(place, { recursive: true, force: true });
}

/** Runs the series until it ends or is ended. `steps` is known where it came to its end. */
async function runNode(kill = 0, how: How = 'before', does = script): Promise<{ done: number; steps: string[] }> {
  const env = { ...process.env, STEPS_IN: folder, STEPS_KILL: String(kill), STEPS_HOW: how };
  const child = spawn(process.execPath, ['--import', HOOK, NODE, JSON.stringify({ folder, script: does })], {
    ...{ env, stdio: ['ignore', 'pipe', 'inherit'] },
  });
  const said = { done: 0, steps: [] };
  createInterface(child.stdout).on('line', (line) => Object.assign(said, JSON.parse(line) as object));
  await once(child, 'close');
  // Others than ours end it at the step, or it ends in order.
  expect(child.signalCode ?? child.exitCode).toBe(said.steps.length > 0 ? 0 : 'SIGKILL');
  return said;
}

async function pictureOf(node: RunningNode): Promise<Picture> {
  const { cluster, tokens } = node.plugin;
  const zones: Picture['zones'] = {};
  for (const { name, serial } of cluster.listZones(SELF)) {
    const content = (await cluster.zones.text(name, SELF)).toString();
    zones[name] = { serial, address: /www A (\S+)/.exec(content)?.[1] ?? '' };
  }
  const { settings, members, damaged } = await cluster.status(SELF);
  expect(damaged).toEqual([]);
  const table = await AppendTable.open(join(folder, 'table'), { parse: Number, log });
  await table.close();
  return {
    zones,
    removed: Object.fromEntries(cluster.removed.list(SELF).map(({ zone, serial }) => [zone, serial])),
    members: members.map(({ hostname }) => hostname),
    failureThreshold: settings.failureThreshold,
    tokens: tokens.list().map(({ name }) => name),
    users: node.users.list().map(({ user }) => user),
    table: Object.fromEntries(table.entries()),
  };
}

async function served(port: number, zone: string): Promise<number | undefined> {
  const client = new DnsClient({ host: '127.0.0.1', port }, { timeout: 2_000 });
  try {
    return await client.soaSerial(parseName(`${zone}.`));
  } finally {
    client.close();
  }
}

/** Starts the node again, with its nameserver on a port that is known. */
async function restarted(): Promise<{ node: RunningNode; port: number }> {
  for (let tries = 0; ; tries++) {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    try {
      const nameserver = { kind: 'embedded', host: '127.0.0.1', port } as const;
      return { port, node: await startNode({ name: 'web', folder, host: '127.0.0.1', port: 0, nameserver }) };
    } catch (error) {
      // Somebody else has taken the port in the meantime.
      if (!(error instanceof ClusterError) || error.code !== 'nameserver_cannot_listen' || tries > 5) throw error;
    }
  }
}

/**
 * Starts the node again and looks whether all is as it was acknowledged, served, and at the member; and whether it goes
 * on.
 */
async function isWhole(done: number, how: How): Promise<void> {
  const { node, port } = await restarted();
  try {
    const { cluster } = node.plugin;
    const found = await pictureOf(node);
    expect(allowed(script, done), `after ${done} of the series`).toContainEqual(found);
    for (const [zone, { serial }] of Object.entries(found.zones)) expect(await served(port, zone)).toBe(serial);
    for (const zone of Object.keys(found.removed)) expect(await served(port, zone)).toBeUndefined();
    // What was removed can be brought back. Of what a power cut took of the history, nothing was promised.
    if (how !== 'power')
      for (const zone of Object.keys(found.removed)) await cluster.removed.restore(zoneName(zone), SELF);
    const last = zoneName('last.example');
    expect(await cluster.saveZone(last, zoneText(9), SELF)).toMatchObject({ local: { state: 'served' } });
    if (found.members.length > 0) {
      const ours = Object.fromEntries(cluster.listZones(SELF).map(({ name, digest }) => [name, digest]));
      await vi.waitFor(() => expect(ns1.holdings()).toEqual(ours), { timeout: 20_000, interval: 50 });
    }
  } finally {
    await node.stop();
  }
  expect(await verifyAudit(auditFiles(join(folder, 'dns-cluster', 'audit.log')))).not.toHaveProperty('broken');
  const left = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  expect(left.filter((file) => /\.tmp$|\.damaged-|lock[.-]/.test(file))).toEqual([]);
}

/**
 * A node is ended at this step, perhaps once more while it starts again, and must be whole when it is started then.
 * Says what is wrong.
 */
async function trial(kill: number, how: How, again?: number): Promise<string[]> {
  await begin();
  try {
    const { done } = await runNode(kill, how);
    if (again !== undefined) await runNode(again, how, [{ do: 'start' }, { do: 'stop' }]);
    await isWhole(done, how);
    return [];
  } catch (error) {
    return [
      `ended at step ${kill} (${kinds[kill - 1] ?? ''}, ${how}), then at ${again ?? 'none'}: ${sentenceOf(error)}`,
    ];
  } finally {
    await end();
  }
}

/** Kinds of all steps of the series, the first step first. */
let kinds: string[] = [];
beforeAll(async () => {
  await begin();
  try {
    const { done, steps } = await runNode();
    expect(done).toBe(script.length);
    await isWhole(done, 'before');
    kinds = steps;
  } finally {
    await end();
  }
});

/** Step numbers: all of these kinds, or so many spread over the series. */
function chosen(most: number, isWanted: (kind: string) => boolean = () => true): number[] {
  const steps = kinds.flatMap((kind, i) => (isWanted(kind) ? [i + 1] : []));
  if (ALL || steps.length <= most) return steps;
  return Array.from({ length: most }, (_, i) => steps[Math.floor(((i + 0.6) * steps.length) / most)] ?? 1);
}

const timeout = ALL ? 3 * 3_600_000 : 300_000;

test(
  'a node killed at any step to the disk has all that was acknowledged, and nothing half done',
  { timeout },
  async () => {
    const wrong: string[] = [];
    for (const step of chosen(6)) wrong.push(...(await trial(step, 'before')));
    expect(wrong).toEqual([]);
  },
);

test('so has one that is killed when half of what it writes is written', { timeout }, async () => {
  const wrong: string[] = [];
  for (const step of chosen(4, (kind) => kind === 'write')) wrong.push(...(await trial(step, 'half')));
  expect(wrong).toEqual([]);
});

test('so has one whose machine loses its power, with everything that no fsync had made safe', { timeout }, async () => {
  const wrong: string[] = [];
  for (const step of chosen(6)) wrong.push(...(await trial(step, 'power')));
  expect(wrong).toEqual([]);
});

test('so has one that is ended once more while it starts again', { timeout }, async () => {
  const wrong: string[] = [];
  for (const [i, step] of chosen(3).entries()) {
    wrong.push(...(await trial(step, i % 2 === 0 ? 'before' : 'power', 3 + 7 * (i % 4))));
  }
  expect(wrong).toEqual([]);
});
