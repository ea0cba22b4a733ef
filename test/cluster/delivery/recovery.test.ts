import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  ANSWERS_NEEDED,
  hasRecovered,
  newRecovery,
  nextRecovery,
  Recoveries,
} from '../../../src/cluster/delivery/recovery.js';
import { nextHealth, HEALTHY, type Health } from '../../../src/cluster/health/failure-threshold.js';
import type { Member } from '../../../src/cluster/model/member.js';
import type { MemberWorker } from '../../../src/cluster/delivery/member-worker.js';
import { ClusterNode } from '../cluster-node.js';
import { ROOT, zoneText } from '../zone-texts.js';
import { zoneName } from '../../../src/zones/zone-name.js';

const MINUTE = 60_000;

describe('a look at a member that the threshold disabled', () => {
  test('comes half as often each time that nothing answers, and never more rarely than each half hour', () => {
    let recovery = newRecovery(0);
    const looks: number[] = [];
    for (let now = 0; now <= 6 * 60 * MINUTE; now += MINUTE) {
      if (now < recovery.nextCheck) continue;
      looks.push(now / MINUTE);
      recovery = nextRecovery(recovery, false, now);
    }
    expect(looks.slice(0, 6)).toEqual([1, 3, 7, 15, 30, 60]);
    expect(looks.length).toBeLessThan(18);
  });

  test('that is answered is followed by others each minute; one that is not begins anew', () => {
    let recovery = newRecovery(0);
    for (let i = 1; i < ANSWERS_NEEDED; i++) {
      recovery = nextRecovery(recovery, true, i * MINUTE);
      expect(recovery.nextCheck).toBeLessThanOrEqual((i + 1) * MINUTE);
      expect(hasRecovered(recovery)).toBe(false);
    }
    expect(hasRecovered(nextRecovery(recovery, true, 10 * MINUTE))).toBe(true);
    expect(nextRecovery(recovery, false, 10 * MINUTE).answered).toBe(0);
  });
});

/** A day of one member: answers at each look or not, counted by the real state machine. */
function day(
  answers: (minute: number) => boolean,
  disable: Health,
): Promise<{ enabledAt: number | undefined; looks: number }> {
  let health = disable;
  let [minute, looks] = [0, 0];
  let enabledAt: number | undefined;
  const contact = {
    get health() {
      return health;
    },
    probeUncounted: () => {
      looks++;
      return answers(minute) ? Promise.resolve() : Promise.reject(new Error('down'));
    },
    record: (event: Parameters<typeof nextHealth>[1]) => {
      health = nextHealth(health, event, 10);
      if (event.kind === 'enable') enabledAt = minute;
    },
  };
  const worker = { contact } as unknown as MemberWorker;
  const recoveries = new Recoveries();
  const rows = [{ member: { id: 'm1', hostname: 'ns1' } as Member, worker }];
  return (async () => {
    for (minute = 0; minute < 24 * 60; minute++) await recoveries.check(rows, minute * MINUTE);
    return { enabledAt, looks };
  })();
}

describe('24 hours of a member that is disabled', () => {
  const byThreshold: Health = { ...HEALTHY, state: 'disabled', failures: 10, byThreshold: true };

  test('and back after two hours: enabled within half an hour and five looks', async () => {
    const { enabledAt } = await day((minute) => minute >= 120, byThreshold);
    expect(enabledAt).toBeGreaterThanOrEqual(124);
    expect(enabledAt).toBeLessThanOrEqual(155);
  });

  test('and flapping each three minutes: never enabled, and few looks', async () => {
    const { enabledAt, looks } = await day((minute) => minute % 6 < 3, byThreshold);
    expect(enabledAt).toBeUndefined();
    expect(looks).toBeLessThan(700);
  });

  test('by an administrator: never looked at', async () => {
    const byHand = nextHealth(HEALTHY, { kind: 'disable', why: { sentence: 'Disabled by root.' } }, 10);
    expect(await day(() => true, byHand)).toEqual({ enabledAt: undefined, looks: 0 });
  });
});

describe('in a cluster', () => {
  let web: ClusterNode;
  let ns1: ClusterNode;
  beforeEach(async () => {
    [web, ns1] = await Promise.all([ClusterNode.start('web'), ClusterNode.start('ns1')]);
  });
  afterEach(() => Promise.all([web, ns1].map((node) => node.end())));

  test('that the threshold disabled it, and not a person, is known over a restart', async () => {
    const { id } = await web.add(ns1, 'write-only');
    await web.cluster.settings.change({ failureThreshold: 1 }, ROOT);
    await ns1.stop();
    await web.cluster.members.test(id, ROOT).catch(() => undefined);
    expect(web.cluster.members.list(ROOT)).toMatchObject([{ state: 'disabled', disabledByThreshold: true }]);
    await web.stop();
    await web.start();
    await web.cluster.saveZone(zoneName('a.example'), zoneText(5), ROOT);
    expect(web.cluster.members.list(ROOT)).toMatchObject([
      { state: 'disabled', disabledByThreshold: true, pending: 1 },
    ]);
    await ns1.start();
    await web.cluster.members.enable(id, ROOT);
    await web.cluster.members.disable(id, ROOT);
    const [row] = web.cluster.members.list(ROOT);
    expect(row).toMatchObject({ state: 'disabled' });
    expect(row).not.toHaveProperty('disabledByThreshold');
  });
});
