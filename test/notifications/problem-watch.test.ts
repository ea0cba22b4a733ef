import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { problemsOf, type ClusterFacts } from '../../src/cluster/problems.js';
import { expiring } from '../../src/notifications/server-problems.js';
import { createLog } from '../../src/operations/log.js';
import { ProblemWatch, type Problem } from '../../src/notifications/problem-watch.js';
import { memberRow } from '../web/member-rows.js';
import { zoneName } from '../../src/zones/zone-name.js';

const log = createLog({ level: 'silent' });
const MINUTE = 60_000;
const DOWN: Problem = { key: 'disabled m1', subject: 'ns1 was disabled', text: 'It failed.', over: 'ns1 is back' };
let folder: string;
let problems: Problem[];
let told: string[];
let watch: ProblemWatch;
const open = (): Promise<ProblemWatch> =>
  ProblemWatch.open(join(folder, 'problems'), {
    problems: () => Promise.resolve(problems),
    tell: ({ subject }) => told.push(subject),
    log,
  });
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'problems-'));
  [problems, told] = [[], []];
  watch = await open();
});
afterEach(async () => {
  await watch.close();
  rmSync(folder, { recursive: true });
});

describe('a problem', () => {
  test('is told once, and once that it is over', async () => {
    problems = [DOWN];
    for (let minute = 0; minute < 600; minute++) await watch.check(minute * MINUTE);
    expect(told).toEqual(['ns1 was disabled']);
    problems = [];
    for (let minute = 600; minute < 700; minute++) await watch.check(minute * MINUTE);
    expect(told).toEqual(['ns1 was disabled', 'ns1 is back']);
  });

  test('that comes back after the clock was set back by days is told', async () => {
    problems = [DOWN];
    await watch.check(10 * 24 * 60 * MINUTE);
    problems = [];
    await watch.check(10 * 24 * 60 * MINUTE);
    problems = [DOWN];
    await watch.check(MINUTE);
    expect(told).toEqual(['ns1 was disabled', 'ns1 is back', 'ns1 was disabled']);
  });

  test('is not told again after a restart', async () => {
    problems = [DOWN];
    await watch.check(0);
    await watch.close();
    watch = await open();
    await watch.check(MINUTE);
    expect(told).toEqual(['ns1 was disabled']);
  });

  test('that comes and goes for 24 hours is told a few times, and told at last where it stays', async () => {
    for (let minute = 0; minute < 24 * 60; minute++) {
      problems = minute % 4 < 2 ? [DOWN] : [];
      await watch.check(minute * MINUTE);
    }
    expect(told.length).toBeLessThanOrEqual(12);
    problems = [DOWN];
    for (let minute = 24 * 60; minute < 72 * 60; minute++) await watch.check(minute * MINUTE);
    expect(told.at(-1)).toBe('ns1 was disabled');
  });

  test('is forgotten when it is long over: the table does not grow', async () => {
    for (let day = 0; day < 400; day++) {
      problems = [{ ...DOWN, key: `token ${day}` }];
      await watch.check(day * 24 * 60 * MINUTE);
    }
    problems = [];
    await watch.check(500 * 24 * 60 * MINUTE);
    await watch.check(510 * 24 * 60 * MINUTE);
    await watch.close();
    watch = await open();
    told = [];
    problems = [{ ...DOWN, key: 'token 3' }];
    await watch.check(511 * 24 * 60 * MINUTE);
    expect(told).toEqual(['ns1 was disabled']);
  });
});

describe('problems of one kind', () => {
  const factsOf = (zones: readonly string[], owner = 'root'): ClusterFacts => ({
    ...{
      hostname: 'web',
      notifyDisabled: true,
      autoEnable: false,
      members: [],
      reports: [],
      damage: { files: [], lost: [], journal: [] },
    },
    conflicts: zones.map((name) => {
      const servers: [string, string] = ['web', 'other'];
      return { zone: zoneName(name), servers, metAt: 'ns1', kept: 'web', since: '', last: '' };
    }),
    ownerOf: () => owner,
  });
  const conflictsIn = (zones: readonly string[], owner?: string): Problem[] => problemsOf(factsOf(zones, owner), 0);
  const zones = (count: number, owner?: string): Problem[] =>
    conflictsIn(
      Array.from({ length: count }, (_, i) => `z${i}.example`),
      owner,
    );

  test('that are found together are told in one notice, and once that all are over', async () => {
    problems = zones(40);
    await watch.check(0);
    expect(told).toEqual(['40 zones are written by two servers']);
    problems = zones(20);
    await watch.check(MINUTE);
    problems = [];
    await watch.check(2 * MINUTE);
    expect(told.slice(1)).toEqual(['No zone is written by two servers any more']);
  });

  test('that come one after the other are two notices of an account within an hour, and none is lost', async () => {
    for (let i = 1; i <= 40; i++) {
      problems = zones(i, 'ann');
      await watch.check(i * MINUTE);
    }
    for (let i = 41; i < 200; i++) await watch.check(i * MINUTE);
    expect(told).toEqual(['Two servers have z0.example', '39 zones are written by two servers (of ann)']);
  });

  test('keep nobody from hearing of another account’s, nor of root’s', async () => {
    problems = zones(30, 'ann');
    await watch.check(0);
    problems = [...problems, ...conflictsIn(['z98.example'], 'bob'), ...conflictsIn(['z99.example']), DOWN];
    await watch.check(1);
    expect(told.slice(1).sort()).toEqual([
      'Two servers have z98.example',
      'Two servers have z99.example',
      'ns1 was disabled',
    ]);
  });

  test('wait no longer for each other than ten minutes where they are root’s, also over a restart', async () => {
    problems = zones(1);
    await watch.check(0);
    problems = zones(2);
    await watch.check(MINUTE);
    await watch.close();
    watch = await open();
    await watch.check(9 * MINUTE);
    expect(told).toHaveLength(1);
    await watch.check(10 * MINUTE);
    expect(told).toEqual(['Two servers have z0.example', 'Two servers have z1.example']);
  });

  test('with the servers of one account are told together', () => {
    const row = { state: 'failing', failures: 3, lastContact: '2026-11-23T11:00:00Z', owner: 'ann' } as const;
    const members = ['m1', 'm2'].map((id) => memberRow({ ...row, id, hostname: id }));
    const found = problemsOf({ ...factsOf([]), members }, Date.parse('2026-11-23T12:00:00Z'));
    expect(found.map(({ group }) => group?.key)).toEqual(['servers ann', 'servers ann']);
  });
});

describe('what is a problem', () => {
  const now = Date.parse('2026-11-23T12:00:00Z');
  const facts = (row: Parameters<typeof memberRow>[0], more: Partial<ClusterFacts> = {}): ClusterFacts => ({
    ...{ hostname: 'web', notifyDisabled: true, autoEnable: false, members: [memberRow(row)] },
    ...{ reports: [], conflicts: [], damage: { files: [], lost: [], journal: [] }, ...more },
  });
  const keys = (of: ClusterFacts): string[] => problemsOf(of, now).map(({ key }) => key);
  const failing = { id: 'm1', hostname: 'ns1', state: 'failing', failures: 3 } as const;

  test.each<[string, ClusterFacts, string[]]>([
    ['a member that answers', facts({ id: 'm1', hostname: 'ns1' }), []],
    ['one that failed a moment ago', facts({ ...failing, lastContact: '2026-11-23T11:50:00Z' }), []],
    ['one that fails for 15 minutes', facts({ ...failing, lastContact: '2026-11-23T11:45:00Z' }), ['failing m1']],
    ['one that an administrator disabled', facts({ id: 'm1', hostname: 'ns1', state: 'disabled' }), []],
    [
      'one that the threshold disabled',
      facts({ id: 'm1', hostname: 'ns1', state: 'disabled', disabledByThreshold: true }),
      ['disabled m1'],
    ],
    [
      'the same where nobody wants to know',
      facts({ id: 'm1', hostname: 'ns1', state: 'disabled', disabledByThreshold: true }, { notifyDisabled: false }),
      [],
    ],
    [
      'another certificate',
      facts({ ...failing, lastFailure: 'Any sentence.', lastFailureKind: 'certificate_changed' }),
      ['certificate m1'],
    ],
    [
      'a failure of another kind, whatever its sentence says',
      facts({ ...failing, lastFailure: 'ns1 shows another certificate.', lastFailureKind: 'refused' }),
      [],
    ],
    [
      'a certificate that ends in 15 days',
      facts({ id: 'm1', hostname: 'ns1', certificateEnds: '2026-12-08T12:00:01Z' }),
      [],
    ],
    [
      'one that ends in 13 days',
      facts({ id: 'm1', hostname: 'ns1', certificateEnds: '2026-12-06T12:00:00Z' }),
      ['certificate ends m1'],
    ],
    [
      'one that has ended',
      facts({ id: 'm1', hostname: 'ns1', certificateEnds: '2026-11-01T12:00:00Z' }),
      ['certificate ends m1'],
    ],
    [
      'held removals',
      facts({ id: 'm1', hostname: 'ns1', removalsHeld: { count: 11, zones: [zoneName('a.example')] } }),
      ['held m1'],
    ],
    [
      'a nameserver that has been silent for two minutes',
      facts({
        ...{ id: 'm1', hostname: 'ns1' },
        silentNameserver: { over: ['TCP'], why: 'x', since: '2026-11-23T11:58:00Z' },
      }),
      ['silent m1'],
    ],
    [
      'one that was silent once',
      facts({
        ...{ id: 'm1', hostname: 'ns1' },
        silentNameserver: { over: ['TCP'], why: 'x', since: '2026-11-23T11:59:00Z' },
      }),
      [],
    ],
    [
      'damaged files',
      facts(
        { id: 'm1', hostname: 'ns1' },
        { damage: { files: [{ zone: 'a.example', why: 'x' }], lost: [], journal: [] } },
      ),
      ['damaged'],
    ],
    [
      'zones that a member took, and that are neither here nor removed',
      facts(
        { id: 'm1', hostname: 'ns1' },
        { damage: { files: [], lost: [{ zone: 'a.example', member: 'ns1' }], journal: [] } },
      ),
      ['lost zones'],
    ],
    [
      'a damaged journal',
      facts({ id: 'm1', hostname: 'ns1' }, { damage: { files: [], lost: [], journal: [{ aside: '/j', steps: 1 }] } }),
      ['journal /j'],
    ],
  ])('%s', (_, of, expected) => {
    expect(keys(of)).toEqual(expected);
  });

  test('a token that ends within a week or has ended, until a week after', () => {
    const at = (days: number): string[] =>
      expiring([{ name: 'ns', user: 'root', expiresAt: now / 1000 + days * 86_400 }], now).map(
        ({ subject }) => subject,
      );
    expect(at(8)).toEqual([]);
    expect(at(6)).toEqual(['The API token ns ends soon']);
    expect(at(-1)).toEqual(['The API token ns has ended']);
    expect(at(-8)).toEqual([]);
    expect(expiring([{ name: 'ns', user: 'root' }], now)).toEqual([]);
  });
});
