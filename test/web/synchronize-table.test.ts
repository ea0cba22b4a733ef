import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { SELF } from '../../src/access/principal.js';
import type { Cluster } from '../../src/cluster/cluster.js';
import type { MemberZoneState, SynchronizeJob, SynchronizeResult } from '../../src/cluster/model/results.js';
import { synchronizeTable, type SynchronizeTable } from '../../src/presentation/synchronize-table.js';
import { validateZone } from '../../src/zones/validation.js';
import { zoneNames, zoneText } from '../cluster/zone-texts.js';
import { mostInOneTurn } from '../turns.js';
import { scratchCluster } from '../cluster/lone-cluster.js';

const ZONES = 4_000;
const STATES: MemberZoneState[] = [
  { member: 'm1', hostname: 'ns1.example', state: 'served', serial: 5 },
  { member: 'm2', hostname: 'ns2.example', state: 'pending' },
];
/** Milliseconds a turn. */
const LONGEST = 20;

let cluster: Cluster;
let end: () => Promise<void>;
beforeAll(async () => {
  ({ cluster, end } = await scratchCluster());
});
beforeEach(() => {
  const row = { serial: 1, digest: '', owner: 'root', modified: 0 };
  vi.spyOn(cluster.zones, 'list').mockReturnValue(zoneNames(ZONES).map((name) => ({ name, ...row })));
  vi.spyOn(cluster.zones, 'states').mockReturnValue(STATES);
});
afterEach(() => vi.restoreAllMocks());
afterAll(() => end());

function jobWith(result: Partial<SynchronizeResult>): SynchronizeJob {
  return {
    ...{
      id: 'j',
      startedAt: '',
      user: 'root',
      account: 'root',
      state: 'done',
      error: undefined,
      over: Promise.resolve(),
    },
    options: { direction: 'all', unconfigured: false, plan: false },
    progress: { phase: 'sending', done: 0, total: 0 },
    result: { newer: [], taken: [], unreachable: [], resent: 0, ...result },
    cancel: () => undefined,
    watch: () => () => undefined,
  };
}

describe('the result of a synchronization', () => {
  test('of 8,000 rows takes no turn of the event loop that is longer than others notice', async () => {
    let asked = 0;
    vi.spyOn(cluster.zones, 'states').mockImplementation(() => {
      asked++;
      return STATES;
    });
    // By a clock on which each question takes a millisecond and nothing else any time.
    vi.spyOn(performance, 'now').mockImplementation(() => asked);
    let table: SynchronizeTable | undefined;
    const most = await mostInOneTurn(
      async () => {
        table = await synchronizeTable(jobWith({}), cluster, SELF, 500);
      },
      () => asked,
    );
    expect(asked).toBe(ZONES);
    expect(table?.total).toBe(2 * ZONES);
    expect(most).toBeLessThanOrEqual(LONGEST);
  });

  test('has what needs a look first, as many rows as are shown, and counts all', async () => {
    const [zone, other] = zoneNames(2);
    if (zone === undefined || other === undefined) throw new Error('two zones were expected');
    const { serial } = validateZone(zone, zoneText(9));
    const job = jobWith({
      newer: [{ zone, member: 'ns1.example', serial }],
      taken: [
        {
          zone,
          result: {
            zone,
            change: 'saved',
            serial,
            lifted: false,
            local: { state: 'served' },
            members: [],
            warnings: [],
          },
        },
      ],
      unreachable: [{ member: 'ns3.example', reason: 'it is down' }],
    });
    const { rows, outcomes, total } = await synchronizeTable(job, cluster, SELF, ZONES + 2);
    expect(rows.map(({ tone }) => tone)).toEqual(['bad', ...Array<string>(ZONES).fill('waiting'), 'good']);
    expect(rows[0]).toEqual({
      zone: '',
      server: 'ns3.example',
      outcome: 'Not compared',
      detail: 'it is down',
      tone: 'bad',
    });
    expect(rows.at(-1)).toMatchObject({ zone, outcome: 'Newer copy taken', detail: 'serial 9 of ns1.example' });
    expect(Object.entries(outcomes).map(([, count]) => count)).toEqual([1, ZONES, 1, ZONES]);
    expect(total).toBe(2 * ZONES + 2);
    const { rows: few, total: still } = await synchronizeTable(job, cluster, SELF, 2);
    expect([few, still]).toEqual([rows.slice(0, 2), total]);
  });
});
