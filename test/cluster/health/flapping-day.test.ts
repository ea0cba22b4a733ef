import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Cluster } from '../../../src/cluster/cluster.js';
import { compareSerials } from '../../../src/dns/serial.js';
import { isClusterError, sentenceOf } from '../../../src/errors.js';
import {
  MemberError,
  type MemberBackend,
  type MemberChange,
  type Pushed,
} from '../../../src/members/member-backend.js';
import type { MemberType } from '../../../src/members/member-type.js';
import { EmbeddedNameserver } from '../../../src/nameservers/embedded/embedded.js';
import { Notifications } from '../../../src/notifications/notifications.js';
import { ProblemWatch } from '../../../src/notifications/problem-watch.js';
import { createLog } from '../../../src/operations/log.js';
import type { ZoneName } from '../../../src/zones/zone-name.js';
import { NO_AUDIT, NO_TOKENS } from '../cluster-node.js';
import { ROOT, zoneNames, zoneText } from '../zone-texts.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Simulated time between two turns of the loop, milliseconds. */
const TURN = 30_000;
const ZONES = zoneNames(30);
const log = createLog({ level: 'silent' });

/** The same numbers at each run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/**
 * A whole server that is talked to without a network in between, so that no real time passes: here today, away in a
 * minute.
 */
class FlappingMember implements MemberBackend {
  readonly batch = 512;
  /** Does it answer? `mute`: it does what it is told, and its answer is lost. */
  state: 'up' | 'down' | 'mute' = 'up';
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  async #call<T>(work: () => T | Promise<T>): Promise<T> {
    if (this.state === 'down') throw new MemberError('unreachable', 'ns1 does not answer.');
    const answer = await work();
    if (this.state === 'mute') throw new MemberError('unreachable', 'The connection to ns1 broke.');
    return answer;
  }

  probe = (): Promise<{ version: string; hostname: string }> =>
    this.#call(() => ({ version: '11.82.0.1', hostname: 'ns1' }));
  zoneList = (): Promise<ZoneName[]> => this.#call(() => this.#cluster.listZones(ROOT).map(({ name }) => name));
  zoneExists = (name: ZoneName): Promise<boolean> =>
    this.#call(() => this.#cluster.zones.get(name, ROOT) !== undefined);
  zones = (names: readonly ZoneName[]): Promise<Map<ZoneName, Buffer>> =>
    this.#call(async () => {
      const there = names.filter((name) => this.#cluster.zones.get(name, ROOT) !== undefined);
      return new Map(
        await Promise.all(there.map(async (name) => [name, await this.#cluster.zones.text(name, ROOT)] as const)),
      );
    });

  push(changes: readonly MemberChange[]): Promise<Pushed[]> {
    return this.#call(() => Promise.all(changes.map((change) => this.#take(change))));
  }

  async #take(change: MemberChange): Promise<Pushed> {
    const { name, home: claimed } = change;
    const wait = 'local';
    const sender = { hostsSeen: ['web'], claimed };
    try {
      if (change.kind === 'remove') await this.#cluster.removeZone(name, ROOT, { wait, sender });
      else {
        const { lastGiven = null } = change;
        await this.#cluster.saveZone(name, change.text, ROOT, { wait, sender: { ...sender, lastGiven } });
      }
    } catch (error) {
      const reason = sentenceOf(error);
      if (isClusterError(error, 'zone_set_back')) {
        const { serial, digest } = error.facts;
        return { name, outcome: 'refused', reason, serial, digest };
      }
      if (!isClusterError(error, 'zone_unknown')) return { name, outcome: 'refused', reason };
    }
    const held = this.#cluster.zones.get(name, ROOT);
    return { name, outcome: 'done', ...(held === undefined ? {} : { serial: held.serial, digest: held.digest }) };
  }

  close = (): Promise<void> => Promise.resolve();
}

let folder: string;
let web: Cluster;
let ns1: Cluster;
let member: FlappingMember;
let watch: ProblemWatch;
let notifications: Notifications;
let told: string[];

async function start(name: string, memberTypes: MemberType[]): Promise<Cluster> {
  const nameserver = new EmbeddedNameserver({ listen: [{ host: '127.0.0.1', port: 0 }], version: '0', log });
  const own = { hostname: name, apiPort: 1, fingerprint: name };
  const options = { folder: join(folder, name), log, own, nameserver, memberTypes, tokens: NO_TOKENS, audit: NO_AUDIT };
  return Cluster.start(options);
}

beforeEach(async () => {
  vi.useFakeTimers({
    now: Date.parse('2026-03-01T00:00:00Z'),
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'],
  });
  // Also for who imported them by name.
  syncBuiltinESMExports();
  folder = mkdtempSync(join(tmpdir(), 'flapping-day-'));
  told = [];
  ns1 = await start('ns1', []);
  member = new FlappingMember(ns1);
  web = await start('web', [{ type: 'direct', label: 'Direct', fields: [], create: () => member }]);
  web.events.on('changed', () => void watch.check());
  notifications = await Notifications.open(join(folder, 'notifications.json'), {
    ...{ from: 'web', log, host: ({ subject }) => told.push(subject) },
  });
  watch = await ProblemWatch.open(join(folder, 'problems'), {
    problems: () => Promise.resolve(web.problems()),
    tell: (notice) => notifications.tell(notice),
    log,
  });
});
afterEach(async () => {
  vi.useRealTimers();
  syncBuiltinESMExports();
  await web.stop();
  await ns1.stop();
  await watch.close();
  await notifications.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Real work, of disks, goes on while simulated time stands still. */
async function realTurns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

function heap(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

const octetsBelow = (place: string): number =>
  readdirSync(join(folder, place), { recursive: true, encoding: 'utf8' })
    .map((file) => statSync(join(folder, place, file)))
    .reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0);

test(
  'a member that comes and goes for 24 hours: notices stay few, nothing is lost, and memory, queue and ledger stay as they were',
  { timeout: 180_000 },
  async () => {
    const random = seeded(20260301);
    await web.settings.change({ autoEnable: true }, ROOT);
    await web.members.add({ type: 'direct', values: {}, role: 'write-only' }, ROOT);
    for (const name of ZONES) await web.saveZone(name, zoneText(1), ROOT, { wait: 'local' });
    const served = new Map<ZoneName, number>();
    let [mostPending, flaps, changes, until] = [0, 0, 0, 0];
    let early = 0;
    for (let at = 0; at < 24 * HOUR; at += TURN) {
      // Away for two hours at noon, for which it is disabled; else for some minutes, every few minutes.
      const isLong = at >= 12 * HOUR && at < 14 * HOUR;
      if (isLong) member.state = 'down';
      else if (at >= until) {
        const isUp = member.state === 'up';
        member.state = !isUp ? 'up' : random() < 0.5 ? 'down' : 'mute';
        flaps += isUp ? 1 : 0;
        until = at + (1 + Math.floor(random() * 4)) * MINUTE;
      }
      if (random() < 0.3) {
        const name = ZONES[Math.floor(random() * ZONES.length)] as ZoneName;
        const isHere = web.zones.get(name, ROOT) !== undefined;
        if (isHere && random() < 0.05) await web.removeZone(name, ROOT, { wait: 'local' });
        else await web.saveZone(name, zoneText(1, `192.0.2.${changes % 250}`), ROOT, { wait: 'local' });
        changes++;
      }
      await vi.advanceTimersByTimeAsync(TURN);
      for (
        let tries = 0;
        tries < 50 && member.state === 'up' && (web.members.list(ROOT)[0]?.pending ?? 0) > 0;
        tries++
      ) {
        await realTurns(10);
      }
      mostPending = Math.max(mostPending, web.members.list(ROOT)[0]?.pending ?? 0);
      for (const { name, serial } of ns1.listZones(ROOT)) {
        expect(compareSerials(serial, served.get(name) ?? serial)).toBeGreaterThanOrEqual(0);
        served.set(name, serial);
      }
      if (at === 2 * HOUR) early = heap();
    }
    member.state = 'up';
    const holdings = (of: Cluster): unknown => of.listZones(ROOT).map(({ name, digest }) => [name, digest]);
    for (let minute = 0; minute < 90; minute++) {
      await vi.advanceTimersByTimeAsync(MINUTE);
      await realTurns(50);
    }
    expect(web.members.list(ROOT)).toMatchObject([{ state: 'online', pending: 0 }]);
    expect(holdings(ns1)).toEqual(holdings(web));
    expect(web.problems()).toEqual([]);
    const late = heap();
    expect(flaps).toBeGreaterThan(150);
    expect(changes).toBeGreaterThan(700);
    expect(told.length).toBeLessThanOrEqual(12);
    expect(mostPending).toBeLessThanOrEqual(ZONES.length);
    expect(late - early).toBeLessThan(8 * 1024 * 1024);
    expect(octetsBelow('web/ledgers')).toBeLessThan(512 * 1024);
  },
);
